"""Every table of the domain, one module per aggregate. Rows hold facts and predicates; use cases change them."""

from casework.models.aftercare import AreaNews, AreaSubscription, MendedQuestion
from casework.models.answers import Answer, Decision, Extension, HandBack
from casework.models.cases import (
    Addition,
    Assignment,
    Case,
    CaseReport,
    Directive,
    Hold,
    HotlineCall,
    Note,
    Question,
    Referral,
    Refusal,
    Withdrawal,
)
from casework.models.citizens import BlockedSender, DataRequest, Device, HandOverTicket, HostApp, MeToo, PublicFigures
from casework.models.clocks import Clock, ClockPause, Reminder
from casework.models.desks import (
    AnswerOpening,
    AnswerTemplate,
    BellRead,
    Draft,
    DraftPhotos,
    HeldAct,
    Mention,
    PhotoDetection,
    Presence,
    ReadyText,
    SavedFilter,
    SuggestionRule,
)
from casework.models.documents import DocumentBook, DocumentNumber, LetterFile, Output, ReportSchedule, SealingOrder
from casework.models.doors import (
    BehalfAgreement,
    DoorRepeat,
    GoingCall,
    PhotoAddress,
    ProvisionedPerson,
    ReplyLink,
    ServiceAccount,
    ServiceKey,
    WebhookCourse,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookSecret,
)
from casework.models.events import Anchor, Event, EventStream
from casework.models.letters import IncomingPackage, Letter, OutgoingPackage, PackagePiece
from casework.models.limits import IdempotencyKey, RateCounter
from casework.models.messages import (
    ChannelFault,
    DeadEmail,
    Delivery,
    IncomingLetter,
    MessageChoice,
    PushSubscription,
    ReplyAddress,
    ZaloAccount,
    ZaloConsent,
)
from casework.models.outbox import OutboxMessage
from casework.models.outside_identity import OutsideIdentity, OutsideSignIn
from casework.models.people import Account, Deputy, LoginSession, Membership, OneTimeCode
from casework.models.personal_data import (
    Breach,
    BreachDescription,
    BreachSearch,
    BreachStep,
    BreachSubject,
    Forgotten,
    ProcessingActivity,
)
from casework.models.photos import File, Photo
from casework.models.places import Agency, AgencySuccession, Area, AreaSuccession, Centre, CodeCounter
from casework.models.publications import Publication, PublicationAnswer, PublicationPhoto, PublicationVersion, Rating, Review
from casework.models.recordings import Recording
from casework.models.reorganisations import CaseSuccession, Reorganisation, ReorganisationChange, ReorganisationStep
from casework.models.reports import Follower, Report, Reporter, ReportText
from casework.models.rules import (
    CalendarChange,
    CalendarDay,
    Camera,
    ClockRule,
    ConsentNotice,
    ExtraQuestion,
    Field,
    Letterhead,
    OfficeHours,
    RefusalReason,
    ReminderRule,
    TextTemplate,
    VisibilityReason,
)
from casework.models.search import SearchRow
from casework.models.settings import Complexity, ElementSetting, HouseSetting, SchemaPromise, StagedImport, Wallboard
from casework.models.sign_in import CodeApp, Passkey, PasskeyChallenge, RecoveryCode, SecondFactorRule, SignInBegun
from casework.models.statistics import CaseMoment, CaseSpan, DailyFigures, FactsProgress, FiguresSnapshot, StaleDay
from casework.models.step_records import StepRecord, StepValue
from casework.models.upkeep import ProgramProcess, RecurringJob, UpkeepMark

__all__ = [
    "Account", "Addition", "Agency", "AgencySuccession", "Anchor", "Answer", "AnswerOpening", "AnswerTemplate", "Area", "AreaNews",
    "AreaSubscription", "AreaSuccession",
    "Assignment", "BehalfAgreement", "BellRead", "BlockedSender", "Breach", "BreachDescription", "BreachSearch", "BreachStep",
    "BreachSubject",
    "CalendarChange", "CalendarDay", "Camera", "Case", "CaseMoment", "CaseReport", "CaseSpan",
    "CaseSuccession", "Centre", "ChannelFault", "Clock", "ClockPause", "ClockRule", "CodeApp", "CodeCounter", "Complexity", "ConsentNotice",
    "DailyFigures",
    "DataRequest", "DeadEmail", "Decision", "Delivery", "Deputy", "Device", "Directive", "DocumentBook", "DocumentNumber", "DoorRepeat",
    "Draft", "DraftPhotos",
    "ElementSetting", "Event", "EventStream", "Extension", "ExtraQuestion", "FactsProgress", "Field", "FiguresSnapshot", "File", "Follower",
    "Forgotten", "GoingCall",
    "HandBack", "HandOverTicket", "HeldAct", "Hold", "HostApp", "HotlineCall", "HouseSetting", "IdempotencyKey", "IncomingLetter",
    "IncomingPackage", "Letter", "LetterFile",
    "Letterhead", "LoginSession", "MeToo", "Membership", "MendedQuestion",
    "Mention", "MessageChoice", "Note", "OfficeHours", "OneTimeCode", "OutboxMessage", "OutgoingPackage",
    "Output", "OutsideIdentity", "OutsideSignIn", "PackagePiece", "Passkey", "PasskeyChallenge", "Photo", "PhotoAddress", "PhotoDetection",
    "ProcessingActivity",
    "ProvisionedPerson",
    "ProgramProcess", "PublicFigures",
    "Presence",
    "Publication", "PublicationAnswer", "PublicationPhoto", "PublicationVersion", "PushSubscription", "Question", "RateCounter", "Rating",
    "ReadyText", "Recording", "RecoveryCode", "RecurringJob", "Referral", "Refusal", "RefusalReason", "Reminder", "ReminderRule",
    "ReplyAddress", "ReplyLink", "Reorganisation",
    "ReorganisationChange", "ReorganisationStep", "Report", "ReportSchedule", "ReportText", "Reporter", "Review",
    "SavedFilter",
    "SchemaPromise",
    "SealingOrder", "SearchRow", "SecondFactorRule", "ServiceAccount", "ServiceKey", "SignInBegun", "StagedImport", "StaleDay",
    "StepRecord", "StepValue", "SuggestionRule", "TextTemplate", "UpkeepMark", "VisibilityReason", "Wallboard",
    "WebhookCourse", "WebhookDelivery", "WebhookEndpoint", "WebhookSecret", "Withdrawal",
    "ZaloAccount", "ZaloConsent",
]  # fmt: skip
