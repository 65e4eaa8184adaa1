"""Sentences that invented people write: short, plain, and about nothing real."""

from __future__ import annotations

COMMENTS = (
    "Written down last spring; the operations team follows it.",
    "Done at the head office, not yet at the regional sites.",
    "The contractor does this; we see a report each month.",
    "Approved by the board, roll-out began in the second quarter.",
    "Works well by day. At night nobody looks.",
    "We tested it once this year and found two faults, both mended.",
    "The person in charge left; a successor is being sought.",
    "یہ کام صدر دفتر میں ہوتا ہے، علاقائی دفاتر میں ابھی نہیں۔",
)
NOT_APPLICABLE_REASONS = (
    "We write no software of our own and have none written for us.",
    "We run no plant or site equipment; all systems are hosted by a provider.",
)
EVIDENCE = (
    "Policy as approved", "Minutes of the risk committee", "Screenshot of the asset list", "Report of the last test",
    "Contract annex on security", "Training record", "Restore protocol",
)  # fmt: skip
ADJUSTMENTS = (
    "The document is a draft from two years ago; nothing shows that it is followed.",
    "The evidence covers the head office only, while the answer speaks of every site.",
    "The last test lies more than a year back.",
)
QUESTIONS = (
    "Thank you. Two answers need a word more before we can accept.",
    "Which sites does this cover? Please name them.",
    "Please add the report of the last test, or lower the level.",
    "Who is in charge of this since the change in May?",
)
CLOSING = "Done and checked by our own audit (demonstration)."
