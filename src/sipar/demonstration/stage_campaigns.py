"""Loading a campaign as it stands some way through: what was answered, signed, questioned, adjusted and accepted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sipar.assessments.answer_changes import level_to
from sipar.assessments.models import AnswerNote, Assessment, Campaign, Evidence, Review, Submission
from sipar.assessments.submissions import FORMAT, canonical
from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.demonstration.answers import draw_answers
from sipar.demonstration.bulk import insert_rows
from sipar.demonstration.ground import Ground
from sipar.demonstration.words import ADJUSTMENTS, COMMENTS, EVIDENCE, NOT_APPLICABLE_REASONS, QUESTIONS
from sipar.frameworks.models import Framework
from sipar.frameworks.selectors import LoadedFramework, loaded
from sipar.posture.levels import NOT_APPLICABLE, UNANSWERED, Levels
from sipar.posture.scoring import score
from sipar.posture.targets import shortfall

# Past "accepted" in the order of maturity: an organisation that is weak answers late.
STATES = ("accepted", "submitted", "returned", "half", "open")
ADJUSTED = 0.12

type Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Round:
    """One campaign of the demonstration. Days count from now; `shares` are those of `STATES`; `tiers` is the cohort.

    `fixed` gives featured organisations, by their place, a state of their own.
    """

    code: str
    name: dict[str, str]
    purpose: dict[str, str]
    framework: str
    opened: int
    closes: int
    state: str
    years_later: float
    shares: tuple[float, ...]
    tiers: tuple[int, ...] = (1, 2, 3, 4)
    previous: str = ""
    fixed: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Drawn:
    """The cohort of a round: rows of the register, with what is true of each. Arrays have one entry a row."""

    rows: NDArray[np.intp]
    ids: pl.Series
    state: NDArray[np.str_]
    answers: Levels
    standing: Levels
    targets: Levels
    adjusted: Mask
    signer: NDArray[np.int64]
    reviewer: NDArray[np.int64]
    submitted_days: NDArray[np.int64]

    def where(self, *states: str) -> NDArray[np.intp]:
        return np.flatnonzero(np.isin(self.state, states))

    @property
    def signed(self) -> NDArray[np.intp]:
        return self.where("accepted", "submitted", "returned")


@action("demonstration.campaign")
def load_round(actor: Actor, ground: Ground, plan: Round) -> None:
    """Write one campaign with the assessments of its cohort and everything that hangs on them."""
    framework = loaded(Framework.objects.filter(identifier=plan.framework).latest("loaded_at", "id").pk)
    drawn = _draw(ground, plan, framework)
    opened = ground.now - timedelta(days=plan.opened)
    previous = Campaign.objects.filter(code=plan.previous).first()
    campaign = Campaign.objects.create(
        code=plan.code,
        name=plan.name,
        purpose=plan.purpose,
        framework_id=framework.id,
        cohort={"lead": False, "include": [{} if len(plan.tiers) == 4 else {"tiers": list(plan.tiers)}]},
        profiles={str(tier): f"tier-{tier}" for tier in (1, 2, 3, 4)},
        opens_at=opened,
        closes_at=ground.now + timedelta(days=plan.closes),
        lead_team_id=ground.teams["pk-national"],
        previous=previous,
        state=plan.state,
        organisations=len(drawn.rows),
        created_by_id=ground.person("national-head"),
        launched_at=opened,
    )
    ids = insert_rows(Assessment, _assessments(ground, plan, framework, drawn, campaign.pk, previous))
    notes = _notes(ground, plan, framework, drawn, ids)
    evidence = _evidence(ground, plan, framework, drawn, ids)
    insert_rows(AnswerNote, notes)
    insert_rows(Evidence, evidence)
    insert_rows(Submission, _submissions(ground, plan, framework, drawn, ids, notes, evidence))
    insert_rows(Review, _reviews(ground, drawn, ids))


def _draw(ground: Ground, plan: Round, framework: LoadedFramework) -> Drawn:
    answers = draw_answers(
        ground.register, ground.recipe, framework.catalogue, years_later=plan.years_later, seed=ground.seed
    )
    rows = np.flatnonzero(ground.register.table["tier"].is_in(plan.tiers).to_numpy())
    random = ground.random(sum(plan.code.encode()))
    n = len(rows)
    readiness = ground.register.maturity[rows] + random.normal(0.0, 0.15, n)
    place = np.argsort(np.argsort(-readiness)) / n
    state = np.array(STATES)[np.minimum(np.searchsorted(np.cumsum(plan.shares), place, side="right"), len(STATES) - 1)]
    for number, fixed in enumerate(plan.fixed):
        state[rows == number] = fixed
    levels = answers.levels[rows]
    accepted = np.isin(state, ["accepted"])
    doubted = accepted[:, None] & (random.random(n) < ADJUSTED)[:, None] & (random.random(levels.shape) < 0.03)
    adjusted = doubted & (levels >= 1) & (levels < NOT_APPLICABLE)
    background = np.array(ground.background)
    # The first half of the background signs, the second reviews: nobody reviews what they signed.
    half = len(background) // 2
    signer = background[:half][rows % half]
    for number, key in enumerate(("ciso", "bank-ciso")):
        signer[rows == number] = ground.person(key)
    reviewer = background[half:][rows % half]
    sector = ground.register.table["subsector"].gather(rows)
    reviewer[sector.str.contains(r"^energy-(generation|transmission|distribution)$").to_numpy()] = ground.person(
        "sector-analyst"
    )
    first_day = min(plan.opened, plan.opened + plan.closes)
    return Drawn(
        rows=rows,
        ids=ground.organisations.gather(rows),
        state=state,
        answers=levels,
        standing=np.where(adjusted, levels - 1, levels).astype(np.uint8),
        targets=answers.targets[rows],
        adjusted=adjusted,
        signer=signer,
        reviewer=reviewer,
        submitted_days=plan.opened - random.integers(5, max(first_day - 4, 6), n),
    )


def _assessments(
    ground: Ground, plan: Round, framework: LoadedFramework, drawn: Drawn, campaign: int, previous: Campaign | None
) -> pl.DataFrame:
    n, width = drawn.answers.shape
    signed = np.isin(np.arange(n), drawn.signed)
    half = np.isin(np.arange(n), drawn.where("half"))
    carried = _carried(drawn, previous, width)
    writing = np.where(signed[:, None], drawn.answers, carried)
    # Half-way: some sections in order, each answer written by the first save.
    reached = ground.random(7).integers(width // 5, width * 4 // 5, n)
    begun = half[:, None] & (np.arange(width) < reached[:, None])
    writing = np.where(begun, drawn.answers, writing)
    touched = (signed[:, None] | begun).astype("<u4")
    scores = score(drawn.standing, framework.rules)
    gaps = np.count_nonzero(shortfall(drawn.standing, drawn.targets), axis=1)
    accepted = drawn.state == "accepted"
    submitted = _days_ago(ground.now, drawn.submitted_days)
    has_carried = (carried != UNANSWERED).any(axis=1)
    state = np.where(half, "open", drawn.state)
    return pl.DataFrame(
        {
            "organisation_id": drawn.ids,
            "campaign_id": pl.repeat(campaign, n, eager=True),
            "state": state,
            "profile": [f"tier-{tier}" for tier in ground.register.table["tier"].gather(drawn.rows)],
            "levels": _blobs(writing, signed | half),
            "carried": _blobs(carried, has_carried),
            "standing": _blobs(drawn.standing, signed),
            "touched": _blobs(touched, signed | half),
            "version": (signed | half).astype(np.int64),
            "submissions": signed.astype(np.int64),
            "answered": np.where(signed | half, np.count_nonzero(writing != UNANSWERED, axis=1), 0),
            "mean": _known(scores.mean, signed),
            "floor": _known(scores.floor, signed),
            "gaps": _known(gaps, signed),
            "meets_target": _known(gaps == 0, signed),
            "saved_at": _when(submitted, signed | half),
            "submitted_at": _when(submitted, signed),
            "submitted_by_id": _known(drawn.signer, signed),
            "accepted_at": _when(submitted + timedelta(days=3), accepted),
        }
    )


def _carried(drawn: Drawn, previous: Campaign | None, width: int) -> Levels:
    """uint8[n, R]: the standing answers of the previous campaign of the same framework, else unanswered."""
    found = np.full((len(drawn.rows), width), UNANSWERED, dtype=np.uint8)
    if previous is None:
        return found
    place = {organisation: number for number, organisation in enumerate(drawn.ids)}
    for organisation, standing in Assessment.objects.filter(campaign=previous, standing__isnull=False).values_list(
        "organisation_id", "standing"
    ):
        if organisation in place and standing is not None:
            found[place[organisation]] = np.frombuffer(bytes(standing), dtype=np.uint8)
    return found


def _notes(ground: Ground, plan: Round, framework: LoadedFramework, drawn: Drawn, ids: pl.Series) -> pl.DataFrame:
    random = ground.random(8 + round(plan.years_later))
    told = random.random(drawn.answers.shape) < 0.008
    bare = drawn.answers == NOT_APPLICABLE
    told[np.setdiff1d(np.arange(len(drawn.rows)), drawn.signed)] = False
    bare[np.setdiff1d(np.arange(len(drawn.rows)), drawn.signed)] = False
    row, position = np.nonzero(told | bare)
    words = np.array(COMMENTS)[random.integers(len(COMMENTS), size=len(row))]
    reasons = np.array(NOT_APPLICABLE_REASONS)[random.integers(len(NOT_APPLICABLE_REASONS), size=len(row))]
    return pl.DataFrame(
        {
            "assessment_id": ids.gather(row),
            "organisation_id": drawn.ids.gather(row),
            "position": position,
            "comment": np.where(bare[row, position], "", words),
            "not_applicable_reason": np.where(bare[row, position], reasons, ""),
        },
        schema_overrides={"comment": pl.String, "not_applicable_reason": pl.String},
    )


def _evidence(ground: Ground, plan: Round, framework: LoadedFramework, drawn: Drawn, ids: pl.Series) -> pl.DataFrame:
    random = ground.random(11 + round(plan.years_later))
    shown = (random.random(drawn.answers.shape) < 0.012) & (drawn.answers >= 2) & (drawn.answers < NOT_APPLICABLE)
    shown[np.setdiff1d(np.arange(len(drawn.rows)), drawn.signed)] = False
    row, position = np.nonzero(shown)
    names = np.array([requirement.id for requirement in framework.requirements])
    identifiers = ground.register.table["identifier"].gather(drawn.rows[row])
    return pl.DataFrame(
        {
            "assessment_id": ids.gather(row),
            "organisation_id": drawn.ids.gather(row),
            "position": position,
            "title": np.array(EVIDENCE)[random.integers(len(EVIDENCE), size=len(row))],
            "link": [
                f"https://evidence.example/{one}/{name}" for one, name in zip(identifiers, names[position], strict=True)
            ],
            "added_by_id": drawn.signer[row],
            "added_at": _days_ago(ground.now, drawn.submitted_days[row] + 1),
        },
        schema_overrides={"title": pl.String, "link": pl.String},
    )


def _submissions(
    ground: Ground, plan: Round, framework: LoadedFramework, drawn: Drawn, ids: pl.Series,
    notes: pl.DataFrame, evidence: pl.DataFrame,
) -> pl.DataFrame:  # fmt: skip
    """What was signed, in the documents that `sipar.assessments.submissions.document_of` makes."""
    names = [requirement.id for requirement in framework.requirements]
    words: dict[int, list[dict[str, Any]]] = {}
    for note in notes.iter_rows(named=True):
        words.setdefault(note["assessment_id"], []).append(note)
    pieces: dict[int, dict[str, list[dict[str, str]]]] = {}
    for piece in evidence.iter_rows(named=True):
        shown = pieces.setdefault(piece["assessment_id"], {})
        shown.setdefault(names[piece["position"]], []).append({"title": piece["title"], "link": piece["link"]})
    title = f"{framework.catalogue.identifier} {framework.catalogue.version}"
    table = ground.register.table
    snapshots, digests = [], []
    for row in drawn.signed:
        assessment = ids[int(row)]
        said = words.get(assessment, [])
        document = canonical(
            {
                "format": FORMAT,
                "organisation": table["identifier"][int(drawn.rows[row])],
                "campaign": plan.code,
                "framework": title,
                "profile": f"tier-{table['tier'][int(drawn.rows[row])]}",
                "number": 1,
                "levels": {
                    name: level_to(level) for name, level in zip(names, drawn.answers[row].tolist(), strict=True)
                },
                "comments": {names[note["position"]]: note["comment"] for note in said if note["comment"]},
                "not_applicable": {
                    names[note["position"]]: note["not_applicable_reason"]
                    for note in said
                    if note["not_applicable_reason"]
                },
                "evidence": pieces.get(assessment, {}),
            }
        )
        snapshots.append(document.decode())
        digests.append(sha256(document).hexdigest())
    return pl.DataFrame(
        {
            "assessment_id": ids.gather(drawn.signed),
            "organisation_id": drawn.ids.gather(drawn.signed),
            "number": pl.repeat(1, len(snapshots), eager=True),
            "levels": _blobs(drawn.answers[drawn.signed]),
            "snapshot": snapshots,
            "digest": digests,
            "signed_by_id": drawn.signer[drawn.signed],
            "signed_at": _days_ago(ground.now, drawn.submitted_days[drawn.signed]),
            "signed_as": pl.repeat("ciso", len(snapshots), eager=True),
            "second_factor": pl.repeat("totp", len(snapshots), eager=True),
        }
    )


def _reviews(ground: Ground, drawn: Drawn, ids: pl.Series) -> pl.DataFrame:
    """One word on each whole that was accepted or returned, one on each answer that was adjusted or questioned."""
    random = ground.random(14)
    accepted, returned = drawn.where("accepted"), drawn.where("returned")
    row, position = np.nonzero(drawn.adjusted)
    asked = np.repeat(returned, 2)
    asked_position = np.concatenate(
        [random.choice(drawn.answers.shape[1], 2, replace=False) for _ in returned] or [np.zeros(0, dtype=np.int64)]
    )
    adjusted_from = drawn.answers[row, position].astype(np.int64)
    nowhere = pl.lit(None, dtype=pl.Int64)
    adjusted = pl.DataFrame({"position": position, "from_level": adjusted_from, "to_level": adjusted_from - 1})
    return pl.concat(
        [
            _review(ground, drawn, ids, accepted, "accept", ("",)).with_columns(nowhere.alias("position")),
            _review(ground, drawn, ids, returned, "return", QUESTIONS[:1]).with_columns(nowhere.alias("position")),
            _review(ground, drawn, ids, asked, "return", QUESTIONS[1:]).with_columns(
                pl.Series("position", asked_position, dtype=pl.Int64)
            ),
            _review(ground, drawn, ids, row, "adjust", ADJUSTMENTS).with_columns(adjusted.cast(pl.Int64)),
        ],
        how="diagonal",
    )


def _review(
    ground: Ground, drawn: Drawn, ids: pl.Series, rows: NDArray[np.intp], decision: str, reasons: tuple[str, ...]
) -> pl.DataFrame:
    """Reviews without position and levels, the reasons taken in turn."""
    return pl.DataFrame(
        {
            "assessment_id": ids.gather(rows),
            "organisation_id": drawn.ids.gather(rows),
            "submission_number": pl.repeat(1, len(rows), eager=True, dtype=pl.Int64),
            "decision": pl.repeat(decision, len(rows), eager=True, dtype=pl.String),
            "reason": pl.Series([reasons[turn % len(reasons)] for turn in range(len(rows))], dtype=pl.String),
            "reviewer_id": drawn.reviewer[rows],
            "reviewed_at": _days_ago(ground.now, np.maximum(drawn.submitted_days[rows] - 3, 0)),
        }
    )


def _blobs(rows: NDArray[Any], known: Mask | None = None) -> pl.Series:
    """Each row's bytes as hexadecimal text; null where not known."""
    text = np.ascontiguousarray(rows).tobytes().hex()
    width = rows.shape[1] * rows.itemsize * 2
    values = [text[start : start + width] for start in range(0, len(text), width)]
    if known is None:
        return pl.Series(values, dtype=pl.String)
    return pl.Series([value if told else None for value, told in zip(values, known, strict=True)], dtype=pl.String)


def _known(values: NDArray[Any], known: Mask) -> pl.Series:
    kept = pl.Series(values)
    if kept.dtype.is_float():
        kept = kept.fill_nan(None)
    return pl.select(pl.when(pl.Series(known)).then(kept).otherwise(None)).to_series()


def _days_ago(now: datetime, days: NDArray[np.int64]) -> pl.Series:
    return pl.select(pl.lit(now) - pl.duration(days=pl.lit(pl.Series(days)))).to_series()


def _when(moments: pl.Series, known: Mask) -> pl.Series:
    return pl.select(pl.when(pl.Series(known)).then(moments).otherwise(None)).to_series()
