"""The head of a runner that goes wrong later: a script in the place of the real one."""

HONEST = """
import json, sys
def say(**frame): sys.stdout.write(json.dumps(frame) + "\\n"); sys.stdout.flush()
def raw(data): sys.stdout.buffer.write(data); sys.stdout.buffer.flush()
def hear(): return json.loads(sys.stdin.readline().strip() or sys.stdin.readline())
hear()
say(type="ready", protocol=1, versions={}, warm=False, busy=False, session_id=None)
prompt = hear()
say(type="accepted", id=prompt["id"])
def result(): say(type="result", text="answer", session_id="s", is_error=False, usage={})
"""
