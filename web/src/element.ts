// The parts of Element Plus that the pages use; the bundler drops the rest.
import {
  ElAlert, ElButton, ElButtonGroup, ElCheckbox, ElCheckboxGroup, ElConfigProvider, ElDatePicker, ElDialog, ElDrawer, ElDropdown,
  ElDropdownItem, ElDropdownMenu, ElForm, ElFormItem, ElIcon, ElInput, ElInputNumber, ElOption, ElOptionGroup, ElPagination,
  ElPopconfirm, ElPopover, ElProgress, ElRadio, ElRadioButton, ElRadioGroup, ElRate, ElSelect, ElSkeleton, ElSwitch, ElTabPane, ElTabs, ElTimePicker, ElTooltip,
} from 'element-plus'
import 'element-plus/dist/index.css'
import 'element-plus/theme-chalk/dark/css-vars.css'
import type { App } from 'vue'

const PARTS = [
  ElAlert, ElButton, ElButtonGroup, ElCheckbox, ElCheckboxGroup, ElConfigProvider, ElDatePicker, ElDialog, ElDrawer, ElDropdown,
  ElDropdownItem, ElDropdownMenu, ElForm, ElFormItem, ElIcon, ElInput, ElInputNumber, ElOption, ElOptionGroup, ElPagination,
  ElPopconfirm, ElPopover, ElProgress, ElRadio, ElRadioButton, ElRadioGroup, ElRate, ElSelect, ElSkeleton, ElSwitch, ElTabPane, ElTabs, ElTimePicker, ElTooltip,
]

export function element(app: App): void {
  // By name: some parts install only together with another.
  for (const part of PARTS) app.component(part.name!, part)
}
