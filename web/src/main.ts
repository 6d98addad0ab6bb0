import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './App.vue'
import { whenSignedOut } from './api/client'
import { element } from './element'
import { chosenLanguage, i18n, useLanguage } from './i18n'
import { tell } from './lib/tell'
import { applyTheme } from './lib/theme'
import { router } from './router'
import { useSession } from './stores/session'
import './styles/tokens.css'
import './styles/element.css'
import './styles/base.css'

applyTheme()
const app = createApp(App).use(createPinia()).use(i18n)
element(app)
app.config.errorHandler = (error) => {
  console.error(error)
  tell(error)
}

const session = useSession()
whenSignedOut(session.ended)

void useLanguage(chosenLanguage()).then(() => {
  app.use(router).mount('#app')
})
