#!/bin/sh
# Makes the voice of the demo caller with Debian's espeak-ng and sox. Run in this folder.
set -eu
say='您好，我想问一下，专业技术人员职业资格考试的准考证什么时候可以打印？在网上怎么打印？谢谢。'
espeak-ng -v cmn -s 150 -w raw.wav "$say"
sox raw.wav -r 8000 -c 1 -e signed -b 16 demo_caller.wav norm -6
rm raw.wav
