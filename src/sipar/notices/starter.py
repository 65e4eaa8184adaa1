"""The rules that a CERT begins with: what most of them do, to be changed."""

from __future__ import annotations

STARTER = """\
sipar-rules: 1
title:
  en: Rules to begin with
  ur: ابتدائی قواعد

# Of a finding the first rule counts that applies.
rules:
  - name: shared-addresses
    title: {en: Addresses that many share accuse nobody, ur: مشترکہ پتے کسی پر الزام نہیں}
    when:
      shared: [nat, shared, cloud, dynamic]
    tell: portal
    interval: 1d

  - name: somebody-is-inside
    title: {en: Somebody is inside already, ur: کوئی پہلے ہی اندر ہے}
    when:
      classification: [infected-system, system-compromise, compromised-*, c2-server]
    interval: 1h
    urgent: medium
    remind: {critical: [1, 3, 7], high: [2, 7, 14], medium: [7, 14]}

  - name: critical
    title: {en: Critical weaknesses, ur: سنگین کمزوریاں}
    when:
      severity: {from: critical}
    interval: 6h
    quiet: {from: "20:00", until: "07:00"}
    urgent: critical
    remind: {critical: [3, 7, 14]}

  - name: everything-else
    title: {en: Everything else in one mail a week, ur: باقی سب ہفتے میں ایک بار}
    when:
      severity: {from: low}
    interval: 1w
    quiet: {from: "20:00", until: "07:00"}
    remind: {high: [14, 28]}

  - name: for-information
    title: {en: For information, ur: اطلاع کے لیے}
    tell: portal
    interval: 1w
"""
