"""Runs a tool of sipvicious from an address: scan.py <address> <user-agent or -> <svmap|svwar|svcrack> <arguments>."""

import runpy
import socket
import sys

from sipvicious.libs import svhelper

source, agent, tool = sys.argv[1:4]


class Socket(socket.socket):
    def bind(self, address):
        # svwar and svcrack have an option for it and do not hand it on.
        super().bind((source, address[1]))


socket.socket = Socket
if agent != "-":
    # It says "friendly-scanner" and has no option to say anything else.
    defaults = svhelper.makeRequest.__defaults__
    svhelper.makeRequest.__defaults__ = tuple(agent if d == "friendly-scanner" else d for d in defaults)
sys.argv = sys.argv[3:]
runpy.run_module("sipvicious." + tool, run_name="__main__")
