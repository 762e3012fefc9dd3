"""What the documentation says before its routes: for somebody who has never seen the centre."""

from __future__ import annotations

DESCRIPTION = """\
One emergency number for a whole city, on Asterisk: **calls** come in and are answered at **seats**; each event becomes
one **incident** record; the plans that it meets issue **orders**; departments are rung until a person presses a key;
everything is recorded.

一个号码受理全市报警：来电由席位接听，每起事件形成一份警情记录，匹配的电子预案下达调度指令，逐个拨打联动单位值班电话直至有人按键签收，全程录音取证。

- **Who may what.** Each role has one token. `call-taker` 接警员 writes records, `dispatcher` 处警员 orders departments
  and ends incidents, `supervisor` 值班长 may do everything, and alone listens to recordings.
- **With `seat`** it is the person who is signed in there who acts, and the journal names that person.
- **Sent again, done once.** Where a route takes the header `Idempotency-Key`, give each request a new one, such as a
  UUID; when its answer is lost, send it again with the same. What another request had is refused with `key_used`.
- **Nobody overwrites anybody.** A change names the `version` that was looked at. If somebody was first it is refused
  with `incident_changed`, the record as it is now, and what was done since.
- **Errors** are problems (RFC 9457) with a stable `code`. A 4xx has changed nothing.
- **Live**: `WebSocket /api/v1/feed?after=SEQUENCE` says every fact in order without gaps, and what is so right now.
"""

TAGS = [
    {"name": "calls", "description": "呼叫 · one caller's attempt on a unified number; who calls, and from where"},
    {"name": "seats", "description": "席位 · where people work: sign in and out, pause"},
    {"name": "incidents", "description": "警情 · one structured record for each event, and everything done with it"},
    {"name": "orders", "description": "调度指令 · what departments are asked to do, and how far they are reached"},
    {
        "name": "recordings",
        "description": "录音 · audio and evidence, for supervisors; everybody who listens is written down",
    },
    {"name": "centre", "description": "联动单位、电子预案 · what the centre's own files say"},
    {"name": "facts", "description": "记录 · the journal as it was written"},
    {"name": "feed", "description": "实时消息 · everything, live"},
    {"name": "health", "description": "运行状态 · for probes and Prometheus, without a token"},
]
