"""The rules by which the demonstration's National CERT tells its constituency, and those that it thinks about."""

from __future__ import annotations

from sipar.notices.starter import STARTER

IN_USE = STARTER
# An analyst looks at what it would have meant to disturb people less often.
PROPOSED = """\
sipar-rules: 1
title:
  en: Fewer mails, sooner for what is critical
  ur: کم خطوط، سنگین کے لیے جلد
rules:
  - name: shared-addresses
    title: {en: Addresses that many share accuse nobody, ur: مشترکہ پتے کسی پر الزام نہیں}
    when:
      shared: [nat, shared, cloud, dynamic]
    tell: portal
    interval: 1w

  - name: critical
    title: {en: Critical weaknesses, ur: سنگین کمزوریاں}
    when:
      severity: {from: critical}
    interval: 12h
    urgent: critical
    remind: {critical: [5]}

  - name: everything-else
    title: {en: Everything else in one mail in two weeks, ur: باقی سب دو ہفتوں میں ایک بار}
    when: {}
    interval: 2w
    quiet: {from: "20:00", until: "07:00"}
"""
