#!/bin/sh
# Makes the prompts anew with Debian's espeak-ng and sox: A-law WAV, 8 kHz, mono.
# A purchaser's own recordings replace them file by file: setting media.prompts_dir.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

alaw() { # alaw IN OUT [EFFECT…]: level, telephone band, A-law
    in=$1 out=$2
    shift 2
    # -R: the same dither each time, so that the files come out the same.
    sox -R "$in" -e a-law -b 8 "$out" gain -6 rate 8000 channels 1 highpass 200 lowpass 3400 norm -3 "$@"
}

say() { # say NAME TEXT [SPEED [PAUSE]]
    # The voice `cmn` of espeak-ng 1.51 reads characters as English letters; this one reads them well.
    espeak-ng -v cmn-latn-pinyin -s "${3:-220}" -w "$work/$1.wav" "$2"
    # The pauses espeak-ng leaves at both ends go.
    sox "$work/$1.wav" "$work/$1-cut.wav" silence 1 0.01 0.5% reverse silence 1 0.01 0.5% reverse
    alaw "$work/$1-cut.wav" "$1.wav" pad 0.02 "${4:-0.05}"
}

say greeting     '您好，欢迎拨打服务热线。为了保证服务质量，本次通话将被录音。' 210
say queue        '座席正忙，请您稍候，我们将尽快为您接听。' 210 0.3
say busy         '现在来电较多，座席全忙，请稍后再拨。' 210 0.3
say after_hours  '您好，现在是非工作时间，请在工作时间再来电。' 210 0.3
say goodbye      '感谢您的来电，再见。' 210 0.2
say staff_number '工号' 200
say at_your_service '号话务员，为您服务。' 210 0.1

say menu         '请按键选择您要咨询的业务，或者稍候，由座席为您接听。' 210 0.3
say place_before '您前面还有' 210 0.02
say place_after  '位来电者正在等候。' 210 0.2
say wait_about   '预计还需等待' 210 0.02
say minutes      '分钟。' 210 0.2
say call_back    '如需保留排队顺序由我们给您回拨，请按一键。' 210 0.3
say called_back  '已为您保留排队顺序，轮到您时座席将给您回拨，再见。' 210 0.2
say closing      '您好，工作时间已到，未能为您接通座席，敬请谅解。' 210 0.3
say closing_call_back '我们将尽快按您的来电号码给您回电，请保持电话畅通。' 210 0.3
say leave_message '请在提示音后留言，留言结束请按井号键，或者直接挂机。' 210 0.3
say survey       '请您对本次服务作出评价：非常满意请按五，满意请按四，一般请按三，不满意请按二，非常不满意请按一。' 210 0.3
say thanks       '感谢您，再见。' 210 0.2
say incident     '您好，目前系统出现故障，我们正在处理，给您带来不便，敬请谅解。' 210 0.3
say holiday      '您好，今天是节假日，请在工作日的工作时间再来电。' 210 0.3

# 1 is read 幺, as everywhere on the telephone in Chinese.
set -- 零 幺 二 三 四 五 六 七 八 九
digit=0
for word in "$@"; do
    say "digit_$digit" "$word" 180 0.01
    digit=$((digit + 1))
done

# Ring-back tone: 450 Hz, 1 s on, 4 s off (GB/T 3380).
sox -R -n -r 8000 -c 1 -e a-law ring_back.wav synth 1 sine 450 gain -12 fade t 0.01 1 0.01 pad 0 4

# The tone of the message box: 1000 Hz, 0.5 s.
sox -R -n -r 8000 -c 1 -e a-law tone.wav synth 0.5 sine 1000 gain -12 fade t 0.01 0.5 0.01

# Queue music: four broken chords on a soft plucked string, 10.4 s, made to be repeated.
note() { # note FILE HZ
    sox -R -n -r 8000 -c 1 "$work/$1.wav" synth 1.6 pluck "$2" fade t 0.01 1.6 1.2 gain -10
}
note c4 261.63; note d4 293.66; note e4 329.63; note f4 349.23; note g4 392.00
note a4 440.00; note b4 493.88; note c5 523.25; note a3 220.00; note g3 196.00; note f3 174.61
set -- c4 e4 g4 c5 g4 e4  a3 c4 e4 a4 e4 c4  f3 a3 c4 f4 c4 a3  g3 b4 d4 g4 d4 b4
at=0
parts=
for tone in "$@"; do
    sox -R "$work/$tone.wav" "$work/at$at.wav" pad "$(awk "BEGIN { print $at * 0.433 }")" 0
    parts="$parts $work/at$at.wav"
    at=$((at + 1))
done
# shellcheck disable=SC2086 # the list is meant to be split
sox -R -m $parts "$work/music.wav" norm -12
# The tail beyond 24 notes is laid over the beginning, so that the loop has no seam.
length=$(awk 'BEGIN { print 24 * 0.433 }')
sox -R "$work/music.wav" "$work/body.wav" trim 0 "$length"
sox -R "$work/music.wav" "$work/tail.wav" trim "$length" pad 0 "$length"
sox -R -m "$work/body.wav" "$work/tail.wav" "$work/loop.wav" trim 0 "$length"
alaw "$work/loop.wav" music.wav norm -18

du -cb ./*.wav | tail -1
