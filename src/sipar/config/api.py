"""The REST API: typed operations of every noun, problems by RFC 9457, frozen in `openapi.json`."""

from __future__ import annotations

from sipar import __version__
from sipar.assessments.api import router as assessments
from sipar.assessments.campaign_api import router as campaigns
from sipar.assessments.review_api import router as reviewing
from sipar.board.api import router as board
from sipar.claims.api import router as claims
from sipar.core.api import ProblemApi, speak_problems
from sipar.feeds.api import router as feeds
from sipar.frameworks.api import router as frameworks
from sipar.incidents.artefact_api import router as evidence
from sipar.incidents.campaign_api import router as national
from sipar.incidents.case_api import router as cases
from sipar.incidents.content_api import router as contents
from sipar.incidents.report_api import router as reports
from sipar.ledger.api import router as ledger
from sipar.notices.api import router as notices
from sipar.notices.exposure_api import router as exposure
from sipar.obligations.api import router as duties
from sipar.orgs.api import router as organisations
from sipar.people.api import router as people
from sipar.risks.api import router as risks
from sipar.risks.estimate_api import router as estimates
from sipar.risks.organisation_api import router as organisation_risks
from sipar.risks.plan_api import router as plans
from sipar.support.api import router as support
from sipar.teams.api import router as teams
from sipar.vulnerabilities.api import router as vulnerabilities

api = ProblemApi(
    title="Sipar",
    version=__version__,
    description="The API of a national cybersecurity platform. Sign in with a session or a bearer token.",
    docs_url=None,
    openapi_url="openapi.json",
)
speak_problems(api)
api.add_router("", people)
api.add_router("", teams)
api.add_router("", board)
api.add_router("/frameworks", frameworks)
api.add_router("/campaigns", campaigns)
api.add_router("/assessments", assessments)
api.add_router("", reviewing)
api.add_router("", reports)
api.add_router("/ledger", ledger)
api.add_router("", duties)
api.add_router("", support)
api.add_router("", feeds)
api.add_router("", exposure)
api.add_router("", notices)
api.add_router("/organisations", organisations)
api.add_router("/routing", claims)
api.add_router("/vulnerabilities", vulnerabilities)
api.add_router("/risks", risks)
api.add_router("/risks", organisation_risks)
api.add_router("/risks", plans)
api.add_router("/risks/estimates", estimates)
api.add_router("/cases", national)
api.add_router("/cases", contents)
api.add_router("/cases", evidence)
api.add_router("/cases", cases)
