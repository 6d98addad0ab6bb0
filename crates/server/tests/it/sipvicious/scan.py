"""Runs a tool of sipvicious: scan.py <user-agent or -> <svmap|svwar|svcrack> <arguments>."""

import runpy
import sys

from sipvicious.libs import svhelper

agent, tool = sys.argv[1], sys.argv[2]
if agent != "-":
    # It says "friendly-scanner" and has no option to say anything else.
    defaults = svhelper.makeRequest.__defaults__
    svhelper.makeRequest.__defaults__ = tuple(agent if d == "friendly-scanner" else d for d in defaults)
sys.argv = sys.argv[2:]
runpy.run_module("sipvicious." + tool, run_name="__main__")
