"""The campaigns of the demonstration: last year's, this year's, and a Zero Trust baseline."""

from __future__ import annotations

from sipar.demonstration.stage_campaigns import Round

ROUNDS = (
    Round(
        code="nation-2025",
        name={"en": "Nationwide assessment 2025", "ur": "ملک گیر جائزہ 2025"},
        purpose={"en": "Where the nation stood in its first year.", "ur": "پہلے سال میں ملک کہاں کھڑا تھا۔"},
        framework="nist-csf-2.0",
        opened=500,
        closes=-380,
        state="closed",
        years_later=0.0,
        shares=(0.93, 0.0, 0.0, 0.0, 0.07),
        fixed=("accepted", "accepted", "accepted", "accepted", "accepted"),
    ),
    Round(
        code="nation-2026",
        name={"en": "Nationwide assessment 2026", "ur": "ملک گیر جائزہ 2026"},
        purpose={
            "en": "Every organisation of the register, against NIST CSF 2.0. Last year's answers are there already.",
            "ur": "رجسٹر کا ہر ادارہ، نسٹ سی ایس ایف 2.0 کے مقابل۔ پچھلے سال کے جوابات پہلے سے موجود ہیں۔",
        },
        framework="nist-csf-2.0",
        opened=75,
        closes=45,
        state="open",
        years_later=1.0,
        shares=(0.55, 0.20, 0.05, 0.10, 0.10),
        previous="nation-2025",
        fixed=("open", "returned", "accepted", "half", "submitted"),
    ),
    Round(
        code="zero-trust-2026",
        name={"en": "Zero Trust baseline 2026", "ur": "زیرو ٹرسٹ بنیادی جائزہ 2026"},
        purpose={
            "en": "How far organisations of tiers 1 to 3 are on the way to Zero Trust.",
            "ur": "درجہ 1 تا 3 کے ادارے زیرو ٹرسٹ کی راہ پر کہاں تک ہیں۔",
        },
        framework="cisa-ztmm-2.0",
        # Before this year's nationwide campaign: the board opens with the campaign that opened last.
        opened=95,
        closes=60,
        state="open",
        years_later=1.0,
        shares=(0.80, 0.10, 0.02, 0.03, 0.05),
        tiers=(1, 2, 3),
        fixed=("accepted", "accepted", "accepted", "accepted", "accepted"),
    ),
)
