"""The vocabularies of pitches, mandates and solutions: codes as stored and exchanged; their words are in `labels`."""

from enum import StrEnum


class Sector(StrEnum):
    """What a project builds."""

    MOBILITY = "mobility"
    ENERGY = "energy"
    BUILDINGS = "buildings"
    WASTE = "waste"
    WATER = "water"
    FLOOD = "flood"
    NBS = "nbs"
    HOUSING = "housing"
    DISTRICTS = "districts"
    HEAT_AIR = "heat_air"
    DIGITAL = "digital"


class ProgrammeTheme(StrEnum):
    """The themes in which the programme prepares projects."""

    WATER = "water"
    NATURE = "nature"
    DISTRICTS = "districts"


class Stage(StrEnum):
    """How far a project is, in order."""

    SCOPING = "scoping"
    PREFEASIBILITY = "prefeasibility"
    FEASIBILITY = "feasibility"
    STRUCTURING = "structuring"
    TRANSACTION = "transaction"
    IMPLEMENTATION = "implementation"
    OPERATION = "operation"


class Instrument(StrEnum):
    """In what form money or help comes."""

    GRANT = "grant"
    TA = "ta"
    CONC_LOAN = "conc_loan"
    LOAN = "loan"
    GUARANTEE = "guarantee"
    BLENDED = "blended"
    GREEN_BOND = "green_bond"
    PPP = "ppp"
    EQUITY = "equity"
    RESULTS = "results"
    EXPORT_CREDIT = "export_credit"
    INSURANCE = "insurance"
    VALUE_CAPTURE = "value_capture"
    IN_KIND = "in_kind"


class ClimateObjective(StrEnum):
    """What a project does about the climate."""

    MITIGATION = "mitigation"
    ADAPTATION = "adaptation"
    BOTH = "both"
    CO_BENEFIT = "co_benefit"


class Hazard(StrEnum):
    """What a project protects from."""

    HEAT = "heat"
    URBAN_FLOOD = "urban_flood"
    RIVER_FLOOD = "river_flood"
    COASTAL = "coastal"
    STORM = "storm"
    DROUGHT = "drought"
    LANDSLIDE = "landslide"
    FIRE = "fire"
    DISEASE = "disease"
    BIODIVERSITY = "biodiversity"


class Revenue(StrEnum):
    """Where the money comes from that a project earns or saves."""

    USER = "user"
    BUDGET = "budget"
    HYBRID = "hybrid"
    SAVINGS = "savings"
    LAND = "land"
    CARBON = "carbon"
    NONE = "none"


class Guarantee(StrEnum):
    """Who stands behind a loan."""

    SOVEREIGN = "sovereign"
    SUBNATIONAL = "subnational"
    THIRD_PARTY = "third_party"
    NONE = "none"
    UNKNOWN = "unknown"


class GuaranteeRequired(StrEnum):
    """Which guarantee a funder asks for."""

    SOVEREIGN = "sovereign"
    SUBNATIONAL = "subnational"
    ANY = "any"
    NONE = "none"


class Applicant(StrEnum):
    """Who applies, and would borrow."""

    LOCAL_GOVERNMENT = "local_government"
    AGENCY = "agency"
    UTILITY = "utility"
    ASSOCIATION = "association"
    PRIVATE_ENDORSED = "private_endorsed"


class Delivery(StrEnum):
    """How a project is carried out."""

    PUBLIC_WORKS = "public_works"
    PPP = "ppp"
    CONCESSION = "concession"
    UTILITY = "utility"
    COMMUNITY = "community"


class FunderType(StrEnum):
    """The kinds of funders."""

    MDB = "mdb"
    DFI = "dfi"
    ECA = "eca"
    CLIMATE_FUND = "climate_fund"
    PPF = "ppf"
    PHILANTHROPY = "philanthropy"
    BANK = "bank"
    FUND = "fund"
    NDB = "ndb"
    AGENCY = "agency"


class FunderRole(StrEnum):
    """What a funder does for a project."""

    FINANCE = "finance"
    ADVISORY = "advisory"
    MOBILISATION = "mobilisation"


class Need(StrEnum):
    """What a city asks for."""

    FINANCE = "finance"
    PREPARATION = "preparation"
    TECHNOLOGY = "technology"
    ADVICE = "advice"
    PEER = "peer"
    POLICY = "policy"


class Technology(StrEnum):
    """What vendors offer and cities need: the sectors and three services."""

    MOBILITY = "mobility"
    ENERGY = "energy"
    BUILDINGS = "buildings"
    WASTE = "waste"
    WATER = "water"
    FLOOD = "flood"
    NBS = "nbs"
    HOUSING = "housing"
    DISTRICTS = "districts"
    HEAT_AIR = "heat_air"
    DIGITAL = "digital"
    MONITORING = "monitoring"
    ENGINEERING = "engineering"
    ADVISORY = "advisory"


class Currency(StrEnum):
    """The currencies amounts may be in (ISO 4217). Ecuador uses the dollar."""

    USD = "USD"
    BRL = "BRL"
    MXN = "MXN"
    COP = "COP"
    CLP = "CLP"
    ARS = "ARS"
    GTQ = "GTQ"
    JMD = "JMD"
    BSD = "BSD"
    EUR = "EUR"


class EsCategory(StrEnum):
    """Environmental and social risk (IFC)."""

    A = "A"
    B = "B"
    C = "C"


class Evidence(StrEnum):
    """How well an impact is known."""

    ESTIMATED = "estimated"
    MODELLED = "modelled"
    VERIFIED = "verified"


class Visibility(StrEnum):
    """Who may read a part of a published project, from everybody to the city itself."""

    PUBLIC = "public"
    REGISTERED = "registered"
    MATCHED = "matched"
    PRIVATE = "private"


class Group(StrEnum):
    """Groups a project means to reach."""

    WOMEN = "women"
    YOUTH = "youth"
    INDIGENOUS = "indigenous"
    AFRO_DESCENDANT = "afro_descendant"
    MIGRANTS = "migrants"
    DISABILITY = "disability"
    OLDER = "older"
    INFORMAL_SETTLEMENT = "informal_settlement"
    INFORMAL_WORKERS = "informal_workers"
    LOW_INCOME = "low_income"


class CouncilStatus(StrEnum):
    """Whether the council stands behind a project."""

    APPROVED = "approved"
    SCHEDULED = "scheduled"
    NOT_STARTED = "not_started"


class Borrowing(StrEnum):
    """Whether the applicant may borrow."""

    YES = "yes"
    WITH_AUTHORISATION = "with_authorisation"
    NO = "no"
    UNKNOWN = "unknown"


class PlanType(StrEnum):
    """The kind of plan a project belongs to."""

    LOCAL_CLIMATE = "local_climate"
    LOCAL_DEVELOPMENT = "local_development"
    LOCAL_SECTOR = "local_sector"
    REGIONAL = "regional"
    NATIONAL = "national"


class StudyKind(StrEnum):
    """What was, or is to be, studied."""

    PREFEASIBILITY = "prefeasibility"
    FEASIBILITY = "feasibility"
    DESIGN = "design"
    FINANCIAL_MODEL = "financial_model"
    ENVIRONMENTAL = "environmental"
    CLIMATE_RISK = "climate_risk"
    LAND = "land"
    DEMAND = "demand"
    LEGAL = "legal"


class WorkStatus(StrEnum):
    """How far a study or assessment is."""

    PLANNED = "planned"
    UNDER_WAY = "under_way"
    DONE = "done"
    NOT_NEEDED = "not_needed"


class LandStatus(StrEnum):
    """Whose the land is."""

    SECURED = "secured"
    IN_PROCESS = "in_process"
    IDENTIFIED = "identified"
    DISPUTED = "disputed"
    UNKNOWN = "unknown"
    NOT_NEEDED = "not_needed"


class PermitStatus(StrEnum):
    """Whether the project may be built."""

    GRANTED = "granted"
    IN_PROCESS = "in_process"
    IDENTIFIED = "identified"
    UNKNOWN = "unknown"
    NOT_NEEDED = "not_needed"


class RiskKind(StrEnum):
    """What may go wrong."""

    POLITICAL = "political"
    LEGAL = "legal"
    TECHNICAL = "technical"
    FINANCIAL = "financial"
    CURRENCY = "currency"
    SOCIAL = "social"
    ENVIRONMENTAL = "environmental"
    OPERATION = "operation"
    PROCUREMENT = "procurement"


class Level(StrEnum):
    """How grave it is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class FundingStatus(StrEnum):
    """How firm money is that is counted as secured."""

    DISBURSED = "disbursed"
    COMMITTED = "committed"
    PLEDGED = "pledged"


class GhgMethod(StrEnum):
    """How emissions avoided were estimated."""

    GPC = "gpc"
    CDM = "cdm"
    IFI = "ifi"
    NATIONAL = "national"
    OTHER = "other"


class SafeguardStatus(StrEnum):
    """Whether a performance standard is touched."""

    NONE = "none"
    POSSIBLE = "possible"
    CONFIRMED = "confirmed"


class PerformanceStandard(StrEnum):
    """IFC's performance standards on environmental and social sustainability (2012)."""

    PS1 = "PS1"
    PS2 = "PS2"
    PS3 = "PS3"
    PS4 = "PS4"
    PS5 = "PS5"
    PS6 = "PS6"
    PS7 = "PS7"
    PS8 = "PS8"


class GenderMarker(StrEnum):
    """Gender equality as an aim (OECD-DAC gender equality policy marker)."""

    NOT_TARGETED = "0"
    SIGNIFICANT = "1"
    PRINCIPAL = "2"


class ConsentStatus(StrEnum):
    """Free, prior and informed consent of indigenous peoples."""

    NOT_NEEDED = "not_needed"
    PLANNED = "planned"
    UNDER_WAY = "under_way"
    GIVEN = "given"


class UseOfFunds(StrEnum):
    """What money is for."""

    STUDIES = "studies"
    WORKS = "works"
    EQUIPMENT = "equipment"
    OPERATION = "operation"


class TicketBasis(StrEnum):
    """What a funder's range of amounts is held against."""

    ASK = "ask"
    TOTAL_COST = "total_cost"


class IncomeGroup(StrEnum):
    """Income groups of countries (World Bank)."""

    LOW = "low"
    LOWER_MIDDLE = "lower_middle"
    UPPER_MIDDLE = "upper_middle"
    HIGH = "high"


class Activity(StrEnum):
    """What funders exclude whatever the sector."""

    FOSSIL = "fossil"
    INCINERATION = "incineration"
    LARGE_DAM = "large_dam"
    RESETTLEMENT = "resettlement"
    PROTECTED_AREA = "protected_area"
    POLICING = "policing"


class EsDocument(StrEnum):
    """What a funder wants to see on environment and society."""

    SCREENING = "screening"
    ESIA = "esia"
    ESMP = "esmp"
    RESETTLEMENT_PLAN = "resettlement_plan"
    STAKEHOLDER_PLAN = "stakeholder_plan"
    GRIEVANCE = "grievance"


class SafeguardSystem(StrEnum):
    """Whose safeguards a funder applies."""

    IFC = "ifc"
    OWN = "own"
    NATIONAL = "national"


class KycStatus(StrEnum):
    """Whether the programme knows the counterparty."""

    NOT_STARTED = "not_started"
    IN_PROCESS = "in_process"
    CLEARED = "cleared"


class CallForProjects(StrEnum):
    """When a funder takes projects."""

    ROLLING = "rolling"
    DATED = "dated"
    CLOSED = "closed"


class CompanySize(StrEnum):
    """How large a vendor is, by people (up to 9, 49, 249, more)."""

    MICRO = "micro"
    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


class Ownership(StrEnum):
    """Who owns a vendor, where it matters to buyers."""

    WOMEN = "women"
    LOCAL = "local"


class Maturity(StrEnum):
    """How far a solution is."""

    PROTOTYPE = "prototype"
    PILOT = "pilot"
    COMMERCIAL = "commercial"


class OfferMode(StrEnum):
    """In what form a vendor delivers."""

    SALE = "sale"
    LICENCE = "licence"
    JOINT_VENTURE = "joint_venture"
    SERVICE = "service"
    LEASE = "lease"


class Certification(StrEnum):
    """Management systems a vendor is certified for."""

    ISO_9001 = "iso_9001"
    ISO_14001 = "iso_14001"
    ISO_45001 = "iso_45001"
    ISO_27001 = "iso_27001"
    SECTOR = "sector"


class Answer(StrEnum):
    """Yes, no, or not known: for questions where silence must not read as no."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Criterion(StrEnum):
    """What readiness is judged by, in the order of the rubric."""

    STRATEGY = "strategy"
    TECHNICAL = "technical"
    FINANCE = "finance"
    LAND_LEGAL = "land_legal"
    INSTITUTION = "institution"
    CLIMATE = "climate"
    INCLUSION = "inclusion"
    SAFEGUARDS = "safeguards"
    PROCUREMENT = "procurement"


class Band(StrEnum):
    """What a readiness score means."""

    INVESTMENT_READY = "investment_ready"
    PREPARATION = "preparation"
    CONCEPT = "concept"
    IDEA = "idea"


class Language(StrEnum):
    """Languages people pitch in, understand, or are written to in (ISO 639-1)."""

    EN = "en"
    ES = "es"
    PT = "pt"
    FR = "fr"


class Sdg(StrEnum):
    """The seventeen goals of the United Nations' Agenda 2030, by number."""

    NO_POVERTY = "1"
    ZERO_HUNGER = "2"
    HEALTH = "3"
    EDUCATION = "4"
    GENDER = "5"
    WATER = "6"
    ENERGY = "7"
    WORK = "8"
    INDUSTRY = "9"
    INEQUALITY = "10"
    CITIES = "11"
    CONSUMPTION = "12"
    CLIMATE = "13"
    OCEANS = "14"
    LAND = "15"
    PEACE = "16"
    PARTNERSHIPS = "17"


class Score(StrEnum):
    """What a criterion of the readiness rubric is given."""

    NOTHING = "0"
    BEGUN = "1"
    HALF = "2"
    NEARLY = "3"
    COMPLETE = "4"


class Block(StrEnum):
    """The parts of a published pitch that a city opens and closes as a whole. BASICS are always public, INTERNAL
    never leaves the city, its reviewers and the organisers."""

    BASICS = "basics"
    STORY = "story"
    MATURITY = "maturity"
    FINANCE = "finance"
    IMPACT = "impact"
    INCLUSION = "inclusion"
    NEEDS = "needs"
    DOCUMENTS = "documents"
    CONTACT = "contact"
    INTERNAL = "internal"
