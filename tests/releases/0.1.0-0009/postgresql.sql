


SELECT pg_catalog.set_config('search_path', '', false);




CREATE TABLE public.account (
    id integer NOT NULL,
    email character varying(255) NOT NULL,
    password_hash character varying(255) NOT NULL,
    created_at bigint NOT NULL,
    password_changed_at bigint NOT NULL
);



CREATE SEQUENCE public.account_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;



ALTER SEQUENCE public.account_id_seq OWNED BY public.account.id;



CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);



CREATE TABLE public.answer (
    id integer NOT NULL,
    site_id integer NOT NULL,
    notice_id integer NOT NULL,
    digest character varying(64) NOT NULL,
    body bytea NOT NULL,
    regime character varying(12) NOT NULL,
    language character varying(12) NOT NULL
);



CREATE SEQUENCE public.answer_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;



ALTER SEQUENCE public.answer_id_seq OWNED BY public.answer.id;



CREATE TABLE public.api_key (
    id character varying(32) NOT NULL,
    secret_hash character varying(64) NOT NULL,
    label character varying(200) NOT NULL,
    sites json NOT NULL,
    period_from bigint,
    period_to bigint,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    revoked_at bigint,
    last_used_at bigint
);



CREATE TABLE public.catalogue_row (
    id character varying(400) NOT NULL,
    name character varying(256) NOT NULL,
    prefix boolean NOT NULL,
    domain character varying(500) NOT NULL,
    platform character varying(120) NOT NULL,
    provider character varying(200) NOT NULL,
    category character varying(40) NOT NULL,
    purpose text NOT NULL,
    duration text NOT NULL
);



CREATE TABLE public.daily_count (
    site_id integer NOT NULL,
    day character varying(10) NOT NULL,
    action smallint NOT NULL,
    categories smallint NOT NULL,
    country character varying(2) NOT NULL,
    count integer NOT NULL
);



CREATE TABLE public.inventory_version (
    id bigint NOT NULL,
    site_id integer NOT NULL,
    at bigint NOT NULL,
    by character varying(320) NOT NULL,
    what character varying(200) NOT NULL,
    digest character varying(64) NOT NULL,
    state json NOT NULL
);



CREATE SEQUENCE public.inventory_version_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;



ALTER SEQUENCE public.inventory_version_id_seq OWNED BY public.inventory_version.id;



CREATE TABLE public.log_head (
    id integer NOT NULL,
    site character varying(80) NOT NULL,
    origin character varying(300) NOT NULL,
    size bigint NOT NULL,
    root bytea NOT NULL,
    signed bigint NOT NULL,
    note text NOT NULL,
    chained bigint,
    told json NOT NULL
);



CREATE SEQUENCE public.log_head_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;



ALTER SEQUENCE public.log_head_id_seq OWNED BY public.log_head.id;



CREATE TABLE public.log_tile (
    log_id integer NOT NULL,
    level integer NOT NULL,
    number bigint NOT NULL,
    root bytea,
    most bigint,
    body bytea NOT NULL
);



CREATE TABLE public.notice (
    id integer NOT NULL,
    site_id integer NOT NULL,
    version integer NOT NULL,
    asks integer NOT NULL,
    digest character varying(64) NOT NULL,
    body bytea NOT NULL,
    published_at bigint NOT NULL,
    effective_at bigint NOT NULL
);



CREATE SEQUENCE public.notice_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;



ALTER SEQUENCE public.notice_id_seq OWNED BY public.notice.id;



CREATE TABLE public.ownership (
    id integer NOT NULL,
    site_id integer NOT NULL,
    host character varying(253) NOT NULL,
    token character varying(32) NOT NULL,
    way character varying(4),
    proven_at bigint,
    looked_at bigint,
    problem character varying(16)
);



CREATE SEQUENCE public.ownership_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;



ALTER SEQUENCE public.ownership_id_seq OWNED BY public.ownership.id;



CREATE TABLE public.page (
    id integer NOT NULL,
    site_id integer NOT NULL,
    text character varying(400) NOT NULL
);



CREATE SEQUENCE public.page_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;



ALTER SEQUENCE public.page_id_seq OWNED BY public.page.id;



CREATE TABLE public.place (
    id integer NOT NULL,
    country character varying(2) NOT NULL,
    subdivision character varying(3) NOT NULL,
    source character varying(10) NOT NULL,
    database character varying(120) NOT NULL
);



CREATE SEQUENCE public.place_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;



ALTER SEQUENCE public.place_id_seq OWNED BY public.place.id;



CREATE TABLE public.proposal (
    id bigint NOT NULL,
    site_id integer NOT NULL,
    scan_id bigint,
    source character varying(8) NOT NULL,
    key character varying(64) NOT NULL,
    state character varying(9) NOT NULL,
    tracker integer,
    fields json NOT NULL,
    service json,
    suggestion json NOT NULL,
    evidence json NOT NULL,
    percent smallint NOT NULL,
    made_at bigint NOT NULL,
    decided_at bigint,
    decided_by character varying(320),
    why character varying(500)
);



CREATE SEQUENCE public.proposal_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;



ALTER SEQUENCE public.proposal_id_seq OWNED BY public.proposal.id;



CREATE TABLE public.purged (
    site_id integer NOT NULL,
    day character varying(10) NOT NULL,
    count integer NOT NULL
);



CREATE TABLE public.record (
    site_id integer NOT NULL,
    seq bigint NOT NULL,
    claimed bigint NOT NULL,
    shown bigint,
    notice_id integer NOT NULL,
    answer_id integer,
    rule_id integer NOT NULL,
    place_id integer NOT NULL,
    page_id integer NOT NULL,
    id uuid NOT NULL,
    visitor uuid,
    salt uuid,
    previous uuid,
    action smallint NOT NULL,
    categories smallint NOT NULL,
    language smallint NOT NULL,
    layer smallint NOT NULL,
    device smallint,
    browser smallint NOT NULL,
    signals smallint NOT NULL,
    flags smallint NOT NULL,
    services bytea
);



CREATE TABLE public.request (
    id bigint NOT NULL,
    site_id integer NOT NULL,
    number character varying(20) NOT NULL,
    kind character varying(12) NOT NULL,
    contact character varying(320) NOT NULL,
    text text NOT NULL,
    record uuid,
    country character varying(6),
    language character varying(12) NOT NULL,
    created_at bigint NOT NULL,
    due_at bigint NOT NULL,
    because character varying(120) NOT NULL,
    state character varying(8) NOT NULL,
    closed_at bigint,
    note text
);



CREATE SEQUENCE public.request_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;



ALTER SEQUENCE public.request_id_seq OWNED BY public.request.id;



CREATE TABLE public.retention_clock (
    id integer NOT NULL,
    trusted bigint,
    held bigint,
    excused bigint,
    problem text
);



CREATE TABLE public.rule (
    id integer NOT NULL,
    regime character varying(12) NOT NULL,
    regimes character varying(64) NOT NULL
);



CREATE SEQUENCE public.rule_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;



ALTER SEQUENCE public.rule_id_seq OWNED BY public.rule.id;



CREATE TABLE public.scan (
    id bigint NOT NULL,
    site_id integer NOT NULL,
    url character varying(2000) NOT NULL,
    state character varying(8) NOT NULL,
    by character varying(320) NOT NULL,
    asked_at bigint NOT NULL,
    started_at bigint,
    ended_at bigint,
    beat_at bigint,
    progress json NOT NULL,
    summary json NOT NULL,
    problem character varying(16),
    seen text,
    found json NOT NULL
);



CREATE TABLE public.scan_alert (
    id bigint NOT NULL,
    site_id integer NOT NULL,
    scan_id bigint NOT NULL,
    name character varying(40) NOT NULL,
    way character varying(7) NOT NULL,
    target character varying(500) NOT NULL,
    body text NOT NULL,
    state character varying(7) NOT NULL,
    tries smallint NOT NULL,
    next_at bigint NOT NULL,
    problem character varying(200)
);



CREATE SEQUENCE public.scan_alert_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;



ALTER SEQUENCE public.scan_alert_id_seq OWNED BY public.scan_alert.id;



CREATE SEQUENCE public.scan_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;



ALTER SEQUENCE public.scan_id_seq OWNED BY public.scan.id;



CREATE TABLE public.scan_watch (
    site_id integer NOT NULL,
    every character varying(8) NOT NULL,
    url character varying(2000) NOT NULL,
    next_at bigint,
    webhook character varying(500),
    secret character varying(80),
    email character varying(320)
);



CREATE TABLE public.service (
    id integer NOT NULL,
    site_id integer NOT NULL,
    key character varying(63) NOT NULL,
    name character varying(120) NOT NULL,
    category character varying(20),
    provider character varying(120),
    policy_url character varying(500),
    hosts json NOT NULL
);



CREATE SEQUENCE public.service_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;



ALTER SEQUENCE public.service_id_seq OWNED BY public.service.id;



CREATE TABLE public.session (
    id integer NOT NULL,
    user_id integer NOT NULL,
    token_hash character varying(64) NOT NULL,
    browser character varying(60) NOT NULL,
    created_at bigint NOT NULL,
    seen_at bigint NOT NULL
);



CREATE SEQUENCE public.session_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;



ALTER SEQUENCE public.session_id_seq OWNED BY public.session.id;



CREATE TABLE public.site (
    id integer NOT NULL,
    key character varying(63) NOT NULL,
    name character varying(120) NOT NULL,
    controller json NOT NULL,
    contacts json NOT NULL,
    dpo json,
    authority json,
    origins json NOT NULL,
    preview_hosts json NOT NULL,
    cookie_domain character varying(253),
    languages json NOT NULL,
    default_language character varying(12) NOT NULL,
    policy_urls json NOT NULL,
    preferences boolean NOT NULL,
    choice_lifetime json NOT NULL,
    retention json NOT NULL,
    layout json NOT NULL,
    decided_for_demo boolean NOT NULL,
    tag_seen_at bigint,
    created_at bigint NOT NULL,
    publish_log boolean DEFAULT false NOT NULL,
    request_form boolean DEFAULT true NOT NULL,
    request_days integer,
    integrations json DEFAULT '{}'::json NOT NULL,
    texts json DEFAULT '{}'::json NOT NULL
);



CREATE SEQUENCE public.site_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;



ALTER SEQUENCE public.site_id_seq OWNED BY public.site.id;



CREATE TABLE public.tracker (
    id integer NOT NULL,
    site_id integer NOT NULL,
    name character varying(256),
    match character varying(10) NOT NULL,
    kind character varying(20) NOT NULL,
    party character varying(5),
    service character varying(63),
    category character varying(20),
    published_label character varying(120),
    purpose json NOT NULL,
    duration json,
    reason character varying(500),
    set_by character varying(120)
);



CREATE SEQUENCE public.tracker_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;



ALTER SEQUENCE public.tracker_id_seq OWNED BY public.tracker.id;



CREATE TABLE public.trail (
    id bigint NOT NULL,
    at bigint NOT NULL,
    site character varying(80),
    actor character varying(320) NOT NULL,
    verb character varying(60) NOT NULL,
    detail json NOT NULL,
    salt uuid
);



CREATE SEQUENCE public.trail_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;



ALTER SEQUENCE public.trail_id_seq OWNED BY public.trail.id;



CREATE TABLE public.waiting (
    id bigint NOT NULL,
    site character varying(80) NOT NULL,
    seq bigint NOT NULL,
    kind smallint NOT NULL,
    body bytea NOT NULL
);



CREATE SEQUENCE public.waiting_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;



ALTER SEQUENCE public.waiting_id_seq OWNED BY public.waiting.id;



ALTER TABLE ONLY public.account ALTER COLUMN id SET DEFAULT nextval('public.account_id_seq'::regclass);



ALTER TABLE ONLY public.answer ALTER COLUMN id SET DEFAULT nextval('public.answer_id_seq'::regclass);



ALTER TABLE ONLY public.inventory_version ALTER COLUMN id SET DEFAULT nextval('public.inventory_version_id_seq'::regclass);



ALTER TABLE ONLY public.log_head ALTER COLUMN id SET DEFAULT nextval('public.log_head_id_seq'::regclass);



ALTER TABLE ONLY public.notice ALTER COLUMN id SET DEFAULT nextval('public.notice_id_seq'::regclass);



ALTER TABLE ONLY public.ownership ALTER COLUMN id SET DEFAULT nextval('public.ownership_id_seq'::regclass);



ALTER TABLE ONLY public.page ALTER COLUMN id SET DEFAULT nextval('public.page_id_seq'::regclass);



ALTER TABLE ONLY public.place ALTER COLUMN id SET DEFAULT nextval('public.place_id_seq'::regclass);



ALTER TABLE ONLY public.proposal ALTER COLUMN id SET DEFAULT nextval('public.proposal_id_seq'::regclass);



ALTER TABLE ONLY public.request ALTER COLUMN id SET DEFAULT nextval('public.request_id_seq'::regclass);



ALTER TABLE ONLY public.rule ALTER COLUMN id SET DEFAULT nextval('public.rule_id_seq'::regclass);



ALTER TABLE ONLY public.scan ALTER COLUMN id SET DEFAULT nextval('public.scan_id_seq'::regclass);



ALTER TABLE ONLY public.scan_alert ALTER COLUMN id SET DEFAULT nextval('public.scan_alert_id_seq'::regclass);



ALTER TABLE ONLY public.service ALTER COLUMN id SET DEFAULT nextval('public.service_id_seq'::regclass);



ALTER TABLE ONLY public.session ALTER COLUMN id SET DEFAULT nextval('public.session_id_seq'::regclass);



ALTER TABLE ONLY public.site ALTER COLUMN id SET DEFAULT nextval('public.site_id_seq'::regclass);



ALTER TABLE ONLY public.tracker ALTER COLUMN id SET DEFAULT nextval('public.tracker_id_seq'::regclass);



ALTER TABLE ONLY public.trail ALTER COLUMN id SET DEFAULT nextval('public.trail_id_seq'::regclass);



ALTER TABLE ONLY public.waiting ALTER COLUMN id SET DEFAULT nextval('public.waiting_id_seq'::regclass);



INSERT INTO public.account VALUES (1, 'owner@example.com', '$argon2id$v=19$m=19456,t=2,p=1$HJGUsZIV6/hMTyDcRPD/Ug$AeSsjqflC1ZOJh8ONDMwUUjxui4ncnsOvN4kUFZH2M4', 1795255561000000, 1795255561000000);



INSERT INTO public.alembic_version VALUES ('0009');



INSERT INTO public.answer VALUES (1, 1, 1, '42273c19af01035e64a841bfa0ffc55c2332f08914d4db0ec3c2b8b18165d97a', '\x7b226275696c64223a2235343636356465666133633264666539222c226c616e6775616765223a22656e222c226c61796f7574223a7b22706f736974696f6e223a22626f74746f6d227d2c226e6f74696365223a2231663465383632633565613730633534326135636565643137366461616532363564383736393937656339373666386361613066373261626239666264356463222c22726567696d65223a7b2263617465676f72696573223a7b226d61726b6574696e67223a226f70742d696e222c22707265666572656e636573223a226f70742d696e222c2273746174697374696373223a226f70742d696e227d2c22676f6f676c65223a2264656e696564222c22677063223a747275652c226770635f636f6e6669726d223a66616c73652c226964223a2246414c4c4241434b222c226c696e6b223a6e756c6c2c226d6f64656c223a226f70742d696e222c226d6f6e746873223a362c22726570726f6d70745f6d6f6e746873223a362c2273686f77223a226469616c6f67222c22747a223a6e756c6c7d2c2276223a317d', 'FALLBACK', 'en');



INSERT INTO public.api_key VALUES ('22943cd9df75', '176fb61698c94ad8fa55dbace5758aeecc70247463d7da13a96a04ae91b96687', 'kept', '["example.com"]', NULL, NULL, 1795255561000000, 1796033161000000, NULL, NULL);









INSERT INTO public.inventory_version VALUES (1, 1, 1795255200000000, 'test', 'service crumbtrail kept', 'eccbea8bdfdcdacba022d28ccb83603bb2507c85ed81606ba779e8d10a57d4f8', '{"services": [{"key": "crumbtrail", "name": "Crumbtrail", "category": "necessary", "provider": "Example", "policy_url": null, "hosts": []}], "trackers": []}');
INSERT INTO public.inventory_version VALUES (2, 1, 1795255200000000, 'test', 'crumbtrail added', '1ee7da2d9feeef2fd76e8120683e9aac9e31057ccbb20c192ff5e3a4de31ce8a', '{"services": [{"key": "crumbtrail", "name": "Crumbtrail", "category": "necessary", "provider": "Example", "policy_url": null, "hosts": []}], "trackers": [{"id": 1, "name": "crumbtrail", "match": "exact", "kind": "cookie", "party": "first", "service": "crumbtrail", "category": "necessary", "published_label": null, "purpose": {"en": "Keeps your cookie choice.", "pl": "Zapami\u0119tuje Tw\u00f3j wyb\u00f3r dotycz\u0105cy plik\u00f3w cookie.", "fr": "Conserve votre choix en mati\u00e8re de cookies."}, "duration": {"value": 6, "unit": "month"}, "reason": "Keeps the visitor''s own choice, which the law asks us to prove.", "set_by": null}]}');
INSERT INTO public.inventory_version VALUES (3, 1, 1795255200000000, 'test', 'crumbtrail_visitor added', '6593435e2dff20cf245302446e5b139006822fecbb22ddcdd134641025a23d4b', '{"services": [{"key": "crumbtrail", "name": "Crumbtrail", "category": "necessary", "provider": "Example", "policy_url": null, "hosts": []}], "trackers": [{"id": 1, "name": "crumbtrail", "match": "exact", "kind": "cookie", "party": "first", "service": "crumbtrail", "category": "necessary", "published_label": null, "purpose": {"en": "Keeps your cookie choice.", "pl": "Zapami\u0119tuje Tw\u00f3j wyb\u00f3r dotycz\u0105cy plik\u00f3w cookie.", "fr": "Conserve votre choix en mati\u00e8re de cookies."}, "duration": {"value": 6, "unit": "month"}, "reason": "Keeps the visitor''s own choice, which the law asks us to prove.", "set_by": null}, {"id": 2, "name": "crumbtrail_visitor", "match": "exact", "kind": "cookie", "party": "first", "service": "crumbtrail", "category": "necessary", "published_label": null, "purpose": {"en": "A random key with which only you can show and withdraw your choice.", "pl": "Losowy klucz, dzi\u0119ki kt\u00f3remu tylko Ty mo\u017cesz sprawdzi\u0107 i wycofa\u0107 sw\u00f3j wyb\u00f3r.", "fr": "Une cl\u00e9 al\u00e9atoire : vous seul pouvez ainsi consulter et retirer votre choix."}, "duration": {"value": 6, "unit": "month"}, "reason": "Keeps the visitor''s own choice, which the law asks us to prove.", "set_by": null}]}');
INSERT INTO public.inventory_version VALUES (4, 1, 1795255200000000, 'test', 'crumbtrail added', 'bb26d518830d6dd430322ac18aeab4aabc588ac02f127fab92d05068b6f22e20', '{"services": [{"key": "crumbtrail", "name": "Crumbtrail", "category": "necessary", "provider": "Example", "policy_url": null, "hosts": []}], "trackers": [{"id": 1, "name": "crumbtrail", "match": "exact", "kind": "cookie", "party": "first", "service": "crumbtrail", "category": "necessary", "published_label": null, "purpose": {"en": "Keeps your cookie choice.", "pl": "Zapami\u0119tuje Tw\u00f3j wyb\u00f3r dotycz\u0105cy plik\u00f3w cookie.", "fr": "Conserve votre choix en mati\u00e8re de cookies."}, "duration": {"value": 6, "unit": "month"}, "reason": "Keeps the visitor''s own choice, which the law asks us to prove.", "set_by": null}, {"id": 3, "name": "crumbtrail", "match": "exact", "kind": "local_storage", "party": "first", "service": "crumbtrail", "category": "necessary", "published_label": null, "purpose": {"en": "Keeps a choice until it has reached our record; notes that you gave consent.", "pl": "Przechowuje wyb\u00f3r, zanim trafi do naszego rejestru; odnotowuje zgod\u0119.", "fr": "Conserve un choix jusqu\u2019\u00e0 son arriv\u00e9e dans notre registre ; note un accord."}, "duration": {"value": 6, "unit": "month"}, "reason": "Keeps the visitor''s own choice, which the law asks us to prove.", "set_by": null}, {"id": 2, "name": "crumbtrail_visitor", "match": "exact", "kind": "cookie", "party": "first", "service": "crumbtrail", "category": "necessary", "published_label": null, "purpose": {"en": "A random key with which only you can show and withdraw your choice.", "pl": "Losowy klucz, dzi\u0119ki kt\u00f3remu tylko Ty mo\u017cesz sprawdzi\u0107 i wycofa\u0107 sw\u00f3j wyb\u00f3r.", "fr": "Une cl\u00e9 al\u00e9atoire : vous seul pouvez ainsi consulter et retirer votre choix."}, "duration": {"value": 6, "unit": "month"}, "reason": "Keeps the visitor''s own choice, which the law asks us to prove.", "set_by": null}]}');
INSERT INTO public.inventory_version VALUES (5, 1, 1795255200000000, 'test', 'service google-analytics kept', 'dcea6bac143da0c8fb323219febd5e983692a115db06798c92dad21b798d6ec7', '{"services": [{"key": "crumbtrail", "name": "Crumbtrail", "category": "necessary", "provider": "Example", "policy_url": null, "hosts": []}, {"key": "google-analytics", "name": "Google Analytics", "category": "statistics", "provider": "Google", "policy_url": null, "hosts": ["www.google-analytics.com"]}], "trackers": [{"id": 1, "name": "crumbtrail", "match": "exact", "kind": "cookie", "party": "first", "service": "crumbtrail", "category": "necessary", "published_label": null, "purpose": {"en": "Keeps your cookie choice.", "pl": "Zapami\u0119tuje Tw\u00f3j wyb\u00f3r dotycz\u0105cy plik\u00f3w cookie.", "fr": "Conserve votre choix en mati\u00e8re de cookies."}, "duration": {"value": 6, "unit": "month"}, "reason": "Keeps the visitor''s own choice, which the law asks us to prove.", "set_by": null}, {"id": 3, "name": "crumbtrail", "match": "exact", "kind": "local_storage", "party": "first", "service": "crumbtrail", "category": "necessary", "published_label": null, "purpose": {"en": "Keeps a choice until it has reached our record; notes that you gave consent.", "pl": "Przechowuje wyb\u00f3r, zanim trafi do naszego rejestru; odnotowuje zgod\u0119.", "fr": "Conserve un choix jusqu\u2019\u00e0 son arriv\u00e9e dans notre registre ; note un accord."}, "duration": {"value": 6, "unit": "month"}, "reason": "Keeps the visitor''s own choice, which the law asks us to prove.", "set_by": null}, {"id": 2, "name": "crumbtrail_visitor", "match": "exact", "kind": "cookie", "party": "first", "service": "crumbtrail", "category": "necessary", "published_label": null, "purpose": {"en": "A random key with which only you can show and withdraw your choice.", "pl": "Losowy klucz, dzi\u0119ki kt\u00f3remu tylko Ty mo\u017cesz sprawdzi\u0107 i wycofa\u0107 sw\u00f3j wyb\u00f3r.", "fr": "Une cl\u00e9 al\u00e9atoire : vous seul pouvez ainsi consulter et retirer votre choix."}, "duration": {"value": 6, "unit": "month"}, "reason": "Keeps the visitor''s own choice, which the law asks us to prove.", "set_by": null}]}');
INSERT INTO public.inventory_version VALUES (6, 1, 1795255200000000, 'test', 'service ads kept', 'b2518d9da791dce6b8b228784061290ff08189905474a45cc2fe0227ddb91edf', '{"services": [{"key": "ads", "name": "Ads", "category": "marketing", "provider": "Adco", "policy_url": null, "hosts": []}, {"key": "crumbtrail", "name": "Crumbtrail", "category": "necessary", "provider": "Example", "policy_url": null, "hosts": []}, {"key": "google-analytics", "name": "Google Analytics", "category": "statistics", "provider": "Google", "policy_url": null, "hosts": ["www.google-analytics.com"]}], "trackers": [{"id": 1, "name": "crumbtrail", "match": "exact", "kind": "cookie", "party": "first", "service": "crumbtrail", "category": "necessary", "published_label": null, "purpose": {"en": "Keeps your cookie choice.", "pl": "Zapami\u0119tuje Tw\u00f3j wyb\u00f3r dotycz\u0105cy plik\u00f3w cookie.", "fr": "Conserve votre choix en mati\u00e8re de cookies."}, "duration": {"value": 6, "unit": "month"}, "reason": "Keeps the visitor''s own choice, which the law asks us to prove.", "set_by": null}, {"id": 3, "name": "crumbtrail", "match": "exact", "kind": "local_storage", "party": "first", "service": "crumbtrail", "category": "necessary", "published_label": null, "purpose": {"en": "Keeps a choice until it has reached our record; notes that you gave consent.", "pl": "Przechowuje wyb\u00f3r, zanim trafi do naszego rejestru; odnotowuje zgod\u0119.", "fr": "Conserve un choix jusqu\u2019\u00e0 son arriv\u00e9e dans notre registre ; note un accord."}, "duration": {"value": 6, "unit": "month"}, "reason": "Keeps the visitor''s own choice, which the law asks us to prove.", "set_by": null}, {"id": 2, "name": "crumbtrail_visitor", "match": "exact", "kind": "cookie", "party": "first", "service": "crumbtrail", "category": "necessary", "published_label": null, "purpose": {"en": "A random key with which only you can show and withdraw your choice.", "pl": "Losowy klucz, dzi\u0119ki kt\u00f3remu tylko Ty mo\u017cesz sprawdzi\u0107 i wycofa\u0107 sw\u00f3j wyb\u00f3r.", "fr": "Une cl\u00e9 al\u00e9atoire : vous seul pouvez ainsi consulter et retirer votre choix."}, "duration": {"value": 6, "unit": "month"}, "reason": "Keeps the visitor''s own choice, which the law asks us to prove.", "set_by": null}]}');
INSERT INTO public.inventory_version VALUES (7, 1, 1795255200000000, 'test', '_ga added', 'd3611c3a35b2667bb53146679bdc48322921cd53f5d87416f4bc0ce028d2cd81', '{"services": [{"key": "ads", "name": "Ads", "category": "marketing", "provider": "Adco", "policy_url": null, "hosts": []}, {"key": "crumbtrail", "name": "Crumbtrail", "category": "necessary", "provider": "Example", "policy_url": null, "hosts": []}, {"key": "google-analytics", "name": "Google Analytics", "category": "statistics", "provider": "Google", "policy_url": null, "hosts": ["www.google-analytics.com"]}], "trackers": [{"id": 4, "name": "_ga", "match": "prefix", "kind": "cookie", "party": null, "service": "google-analytics", "category": "statistics", "published_label": null, "purpose": {"en": "What _ga is for."}, "duration": {"value": 13, "unit": "month"}, "reason": null, "set_by": null}, {"id": 1, "name": "crumbtrail", "match": "exact", "kind": "cookie", "party": "first", "service": "crumbtrail", "category": "necessary", "published_label": null, "purpose": {"en": "Keeps your cookie choice.", "pl": "Zapami\u0119tuje Tw\u00f3j wyb\u00f3r dotycz\u0105cy plik\u00f3w cookie.", "fr": "Conserve votre choix en mati\u00e8re de cookies."}, "duration": {"value": 6, "unit": "month"}, "reason": "Keeps the visitor''s own choice, which the law asks us to prove.", "set_by": null}, {"id": 3, "name": "crumbtrail", "match": "exact", "kind": "local_storage", "party": "first", "service": "crumbtrail", "category": "necessary", "published_label": null, "purpose": {"en": "Keeps a choice until it has reached our record; notes that you gave consent.", "pl": "Przechowuje wyb\u00f3r, zanim trafi do naszego rejestru; odnotowuje zgod\u0119.", "fr": "Conserve un choix jusqu\u2019\u00e0 son arriv\u00e9e dans notre registre ; note un accord."}, "duration": {"value": 6, "unit": "month"}, "reason": "Keeps the visitor''s own choice, which the law asks us to prove.", "set_by": null}, {"id": 2, "name": "crumbtrail_visitor", "match": "exact", "kind": "cookie", "party": "first", "service": "crumbtrail", "category": "necessary", "published_label": null, "purpose": {"en": "A random key with which only you can show and withdraw your choice.", "pl": "Losowy klucz, dzi\u0119ki kt\u00f3remu tylko Ty mo\u017cesz sprawdzi\u0107 i wycofa\u0107 sw\u00f3j wyb\u00f3r.", "fr": "Une cl\u00e9 al\u00e9atoire : vous seul pouvez ainsi consulter et retirer votre choix."}, "duration": {"value": 6, "unit": "month"}, "reason": "Keeps the visitor''s own choice, which the law asks us to prove.", "set_by": null}]}');
INSERT INTO public.inventory_version VALUES (8, 1, 1795255200000000, 'test', '_gid added', '53b5f815cf9b121a8819571093aa9dca2ec5c9d91e0a4841c39632e700cd92d8', '{"services": [{"key": "ads", "name": "Ads", "category": "marketing", "provider": "Adco", "policy_url": null, "hosts": []}, {"key": "crumbtrail", "name": "Crumbtrail", "category": "necessary", "provider": "Example", "policy_url": null, "hosts": []}, {"key": "google-analytics", "name": "Google Analytics", "category": "statistics", "provider": "Google", "policy_url": null, "hosts": ["www.google-analytics.com"]}], "trackers": [{"id": 4, "name": "_ga", "match": "prefix", "kind": "cookie", "party": null, "service": "google-analytics", "category": "statistics", "published_label": null, "purpose": {"en": "What _ga is for."}, "duration": {"value": 13, "unit": "month"}, "reason": null, "set_by": null}, {"id": 5, "name": "_gid", "match": "exact", "kind": "cookie", "party": null, "service": "google-analytics", "category": "statistics", "published_label": null, "purpose": {"en": "What _gid is for."}, "duration": {"value": 13, "unit": "month"}, "reason": null, "set_by": null}, {"id": 1, "name": "crumbtrail", "match": "exact", "kind": "cookie", "party": "first", "service": "crumbtrail", "category": "necessary", "published_label": null, "purpose": {"en": "Keeps your cookie choice.", "pl": "Zapami\u0119tuje Tw\u00f3j wyb\u00f3r dotycz\u0105cy plik\u00f3w cookie.", "fr": "Conserve votre choix en mati\u00e8re de cookies."}, "duration": {"value": 6, "unit": "month"}, "reason": "Keeps the visitor''s own choice, which the law asks us to prove.", "set_by": null}, {"id": 3, "name": "crumbtrail", "match": "exact", "kind": "local_storage", "party": "first", "service": "crumbtrail", "category": "necessary", "published_label": null, "purpose": {"en": "Keeps a choice until it has reached our record; notes that you gave consent.", "pl": "Przechowuje wyb\u00f3r, zanim trafi do naszego rejestru; odnotowuje zgod\u0119.", "fr": "Conserve un choix jusqu\u2019\u00e0 son arriv\u00e9e dans notre registre ; note un accord."}, "duration": {"value": 6, "unit": "month"}, "reason": "Keeps the visitor''s own choice, which the law asks us to prove.", "set_by": null}, {"id": 2, "name": "crumbtrail_visitor", "match": "exact", "kind": "cookie", "party": "first", "service": "crumbtrail", "category": "necessary", "published_label": null, "purpose": {"en": "A random key with which only you can show and withdraw your choice.", "pl": "Losowy klucz, dzi\u0119ki kt\u00f3remu tylko Ty mo\u017cesz sprawdzi\u0107 i wycofa\u0107 sw\u00f3j wyb\u00f3r.", "fr": "Une cl\u00e9 al\u00e9atoire : vous seul pouvez ainsi consulter et retirer votre choix."}, "duration": {"value": 6, "unit": "month"}, "reason": "Keeps the visitor''s own choice, which the law asks us to prove.", "set_by": null}]}');
INSERT INTO public.inventory_version VALUES (9, 1, 1795255200000000, 'test', '_ad added', '05c576af7e251b30eca61e4f35a37c3d8073db0761ea0c621dc5b8d8a347ae86', '{"services": [{"key": "ads", "name": "Ads", "category": "marketing", "provider": "Adco", "policy_url": null, "hosts": []}, {"key": "crumbtrail", "name": "Crumbtrail", "category": "necessary", "provider": "Example", "policy_url": null, "hosts": []}, {"key": "google-analytics", "name": "Google Analytics", "category": "statistics", "provider": "Google", "policy_url": null, "hosts": ["www.google-analytics.com"]}], "trackers": [{"id": 6, "name": "_ad", "match": "exact", "kind": "cookie", "party": null, "service": "ads", "category": "marketing", "published_label": null, "purpose": {"en": "What _ad is for."}, "duration": {"value": 13, "unit": "month"}, "reason": null, "set_by": null}, {"id": 4, "name": "_ga", "match": "prefix", "kind": "cookie", "party": null, "service": "google-analytics", "category": "statistics", "published_label": null, "purpose": {"en": "What _ga is for."}, "duration": {"value": 13, "unit": "month"}, "reason": null, "set_by": null}, {"id": 5, "name": "_gid", "match": "exact", "kind": "cookie", "party": null, "service": "google-analytics", "category": "statistics", "published_label": null, "purpose": {"en": "What _gid is for."}, "duration": {"value": 13, "unit": "month"}, "reason": null, "set_by": null}, {"id": 1, "name": "crumbtrail", "match": "exact", "kind": "cookie", "party": "first", "service": "crumbtrail", "category": "necessary", "published_label": null, "purpose": {"en": "Keeps your cookie choice.", "pl": "Zapami\u0119tuje Tw\u00f3j wyb\u00f3r dotycz\u0105cy plik\u00f3w cookie.", "fr": "Conserve votre choix en mati\u00e8re de cookies."}, "duration": {"value": 6, "unit": "month"}, "reason": "Keeps the visitor''s own choice, which the law asks us to prove.", "set_by": null}, {"id": 3, "name": "crumbtrail", "match": "exact", "kind": "local_storage", "party": "first", "service": "crumbtrail", "category": "necessary", "published_label": null, "purpose": {"en": "Keeps a choice until it has reached our record; notes that you gave consent.", "pl": "Przechowuje wyb\u00f3r, zanim trafi do naszego rejestru; odnotowuje zgod\u0119.", "fr": "Conserve un choix jusqu\u2019\u00e0 son arriv\u00e9e dans notre registre ; note un accord."}, "duration": {"value": 6, "unit": "month"}, "reason": "Keeps the visitor''s own choice, which the law asks us to prove.", "set_by": null}, {"id": 2, "name": "crumbtrail_visitor", "match": "exact", "kind": "cookie", "party": "first", "service": "crumbtrail", "category": "necessary", "published_label": null, "purpose": {"en": "A random key with which only you can show and withdraw your choice.", "pl": "Losowy klucz, dzi\u0119ki kt\u00f3remu tylko Ty mo\u017cesz sprawdzi\u0107 i wycofa\u0107 sw\u00f3j wyb\u00f3r.", "fr": "Une cl\u00e9 al\u00e9atoire : vous seul pouvez ainsi consulter et retirer votre choix."}, "duration": {"value": 6, "unit": "month"}, "reason": "Keeps the visitor''s own choice, which the law asks us to prove.", "set_by": null}]}');



INSERT INTO public.log_head VALUES (1, 'example.com', 'consent.example.net/log/example.com', 34, '\xc8e91f5af54f69e3567a735a66525a6e7364dd59b01ecbaa718c6d9659038975', 34, 'consent.example.net/log/example.com
34
yOkfWvVPaeNWenNaZlJabnNk3VmwHsuqcYxtllkDiXU=

— consent.example.net/log/example.com ybercZqaVud1VjsxI2UTfJxigjDJe6P386CFXCD2rNvg9ocRtZlJnlcqPB9BJQ4CxIvXzjimN/BVUeE/ZOnvtbCqawI=
', 4, '{"build": "5606a1119835be3296a9b75cbb454b47ca8d5ac4ff7b21ad84aad345f86ca95d", "regimes": "f79518d439a74158f9b8b67a340a0b6984ccdd485ec9f41da295e92278d2cf70", "key": "b91e42c2f356b41fd5244e4e90602b796f086f20c2a27412084eb93fa5aa5bb9"}');
INSERT INTO public.log_head VALUES (2, '', 'consent.example.net/log', 5, '\x54858facd438f1f99e3db8895d7c227ef276aa123ea748f5f6ea7a855535c81f', 5, 'consent.example.net/log
5
VIWPrNQ48fmePbiJXXwifvJ2qhI+p0j19up6hVU1yB8=

— consent.example.net/log fw7I3pe/y/GZlLA2MWMKoIKqCmY/8kcFLlsZ3AdlY2hyVNLzG0EJqRhawFItVBM7Ys4K8Kv3fqYlxmUImy1YgjW4OQg=
— consent.example.net/log n3+kxQAAAABrAW0KIk+IniiZf2yYH3YubgOdQ2X/Ssi8vHQvLNUTJx3u+PiJkp4P+DcAs0YJZJrYkpTqI7ANhU+dBysXZAMk1pVaEunKlGu/Qjd6q3NMyh/LZtUgThDBNMSrNOvnCHTkc6xwKALc/qJf7PK01n9MBL2Gl5nouprJKRN8E7vrPdga/5xO6zy0OXnTK4V2fr6PXI2S/NpnGSDLDIPEW//h4YR+R9TGn6R2J7S/E5I5bScLXM5Bu0dbto4TEeid+vdUIUFTjYkxKd2Y0DzcFbEsAom4ot3ETp4mjwwc6LJvP1J9Ruxis3wDqUchFi2alhNY6bv8bb1lgkrCp1SxI5mHtRRmVP5QualT8z4YhEoL6GWTvoRsOhaHUq5ltyhOqOe5QwEjY9irrKWn9two/gXyliU+ZtcAy989XoquyNqSS09BdFyqFvBIxJxARoUcx6KmdQY0gLRhufC52G64AaCiGZ6LKaz4AuNpJ+H2nsAvYKeHRYL7TImHckX8jKNqYjR8k6KDc2EQOkz21OIJSYvJlBjXcqtaiJXGynRy/uE/n2y/+xEn6re/lXIpFzAXVqd2eMkK8xdNB9c1BHDcnSsKolGQBNdnH6g6hUZGz3Q+uapT4z560AxxEiL6FAOs8OFZBnKGnYLyzduCPzHey+76z2cZKXBLkv0qAgKxf6eHi85K2rciH9D70bakf8wsfrcEzC87sNThap8O83cYX7OzTrLXliYW+D1kR1GBhkz2D0jxMs7mDG6tzpjXvKgv0n1VlKlBPhE/9+tESnQRh/q/9Znye3wCC9Gxs6TYojnP2mbO7/ih0A13DPRRlCEPoMDvMPXM0eoWEriU95Eq8TLw2hu+VZDYFfweRiLK8944N3Ja228dWOVxIF88+x10mv0lREZ5jrzMCO4XTlcF0rPIX9o32OckSj6Wk6SpjDrQRwYTPMBhQcoaQklV6StI1eIPW5da7RJjMkJyt35Zno0Q4/Ujp9IaXt262GdU16fSelx7EBh9EMzJckyVkTKo75cXLC5AyHVNtF0TkzLHpGsNqk1zcg7EVKGFLYzVrxkfDChQLu4PE+LDwOXanw2akKAk/Uk1IjjWl+FUwdjTi6ryrGdzlL2hsg82BeqyLd6jifVbt3WY/WhZV+6a+WZAbTckn1DFWe79uOfbBVgcDWg1eLuhDA4nY+UjtDrTmYEM1WAABKdoEkX6l3bCL1+iBnGFdmDQajjA7vuxH5uaNFVkxGgdkp+wCkeBWsH4lLU5bdXTXRbOmJM7CjARZk2Fa+HZn/AJU0Eu2QD8YrgAXyFGL14qyHnLliqp298CuyL1ln9EWcJAZbpuNw/KORmUuYE2fIMyCnm19JCj/DAvd2eYcK5cRB5cdQrpi8rPovniipsilOPtEojyAwUiMnODP6OJydQ4skMmQtMKE2FPt1WmHccZAWr86ItehFNw9fu44eotCZoQqQGE0NcqYmKw2AmoDjvKZNc1/2XDaoqkID7bN/Nza/ET/5bzntPxrFbBLwduyQqdWSBQ/JjM7xuUY0Qjqoplpv9xETDqB0qxTAz8VA68x2ptl/O+Z18x/x9xKYuK8N7ioMm31fQZgguMemJwaM/AF/3cfTvykEWR6DN8Ocr0TQI66G+Dnwz8mH1gt85WDzB8w94Fy8Hj29axSzKG7/GoKCVhmeLI/qG3XQ18MYIySznF1M0RkpSe5zjWd/MUygDGZv49oyxvWQ1zzQxEjEVV1muoWdw48po1yNPab/a1ieTCVcUoPTEQqOlyD0Qq4HO5KPwZiijHRd7NebLY4bCGkVChe6GJgJIfNlHl9RfB483CaVAmRLJOMuSQlskkiWrIJ0f5Rb04hgfMShRYa6cRpYtKAEmQ0YFN/UNW4QQQabHEaNm3SGgy5IkefNjP/zBb8yroMTfjYq47gLdrWMvaoVeePlT2helWqcNz6mUV0kNNOBml131VRXGODiHkgrXGga+1wSd72vInTOdQ/GcJN/hBWF9L2IV+WcscT/pGuGbDIvzq7QZa+IXZSdMRwPsXIzQrpZkQFtIrRLtzXW7OxFMZfpC3qSH8e/xLRuJAhzU8XPqFz60nUL52O+OfRxS52sDt6QObYxM0O+BWIz/+Vn050nv/2+TFppCLX/Kn9iM/FZrIt+/+aXgrT8Y6AQnvQnZRX2NfsBjwGvLIv50A0jj/ru9+04XoS1njaYbLZwpdB+U3svGM9tnaORDJys50eJHxzrqOwFlnavf08K96FfGmGfvfwVi57qd8cHtbP65z4GeXu8mS5lQs/MhfjxFhSNSUrSUjA4+ldnsFwrlmVcTdRGsO0LE84cq6jDl8ONT2j+TePY6lJFcF7KyJ9AkquZg8KYdoIFCgCG0JXOfJPjxxzsLhrbqKFRMCsSZtrmDNGWa1e12YnMWfqLpQqh1P+ASftUc+HB1bVkKGht26QsC6c9C+Lfai6KvXndpes9bKwvsPRhvI8McNw5xbPKADpFtg2dQoGAS8r5fdkBP0ijcVeQH0ResEUm0Es9Yb8oQzVjtx8PgpS82P6NFJvmsT4MPcRx2+tal5WnrxU1kA9dzWZobny1JNH41VmKgkURa0CjxscwtPMzHsnurSPqklHHIFgLsLINDJ/9MeMewMdWoGr+tfm9ZLLs/IGWI0HJVM8Pasw9TSl6ZDIIJjFQr5ubx9AWcm16kbCiBMDR7rrqRjKs5p7xb5XV/vWng9dzWL1r/uPdgMZ6PVaNjXjYLtZh09mAuOnDeTv7f3k/1x+0/NXPln5TC6Ta6hSxvI+47pVX7cYW7BJCw8MLaycyxgb3nd8J1WpesOjKC80AHtuccdyWfJeOaiauA0Ap9600TGN+a1SHI+cKkZqJtUDzikSdT0uu3Dmqsa0dkDJbN3lZex9+6agp3ZXLX2/hduJBEdTYphdTg1ZYhgIFsBM5XtHfrIA22EjPFg1C6GaVT5ERMlev8YQpvcfsw+z5YwWbPDRHaoS9WrwT/mA56Ljb0xKqf9MkMHoJ1JCqR+mPiaa1DoT7dbiev8vlSMnxk9diVhP/NfKGRC4dN7garZpOYiM0WiWQcJ0qritdjog+ezLe6fstsjNyDXrbNK98Y22psj4mCwIt+3i7YrQWin+VMMDj1DR5Kfo8jQ1+rt7wspUVRZa3uKkqDDys3R9xUcLDFSWXqHs8bbCQ0WWF5fdJqtr87d4uTs8gAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA4dKDg=
', NULL, '{"build": "5606a1119835be3296a9b75cbb454b47ca8d5ac4ff7b21ad84aad345f86ca95d", "regimes": "f79518d439a74158f9b8b67a340a0b6984ccdd485ec9f41da295e92278d2cf70", "key": "b91e42c2f356b41fd5244e4e90602b796f086f20c2a27412084eb93fa5aa5bb9"}');



INSERT INTO public.log_tile VALUES (1, 0, 0, NULL, 1795255561000000, '\x81c4d2ffc0c6c1196b7b2264223a22323032362d31312d3231222c2268223a2235363036613131313938333562653332393661396237356362623435346234376361386435616334666637623231616438346161643334356638366361393564222c226b223a226275696c64222c2276223a317d016d7b2264223a22323032362d31312d3231222c2268223a2266373935313864343339613734313538663962386236376133343061306236393834636364643438356563396634316461323935653932323738643263663730222c226b223a22726567696d6573222c2276223a317d01697b2264223a22323032362d31312d3231222c2268223a2262393165343263326633353662343166643532343465346539303630326237393666303836663230633261323734313230383465623933666135616135626239222c226b223a226b6579222c2276223a317dfdc38de10a6b7b2263223a2236626131623835383335633730363064333433373238316136633039356436343963303131396535393333653865623364353465663266373632353030663966222c2264223a22323032362d31312d3231222c226b223a2261646d696e222c2276223a317d016b7b2263223a2261336534373435333462376238396139663666366133376433313239313064363031643233623135363765613039613963346530353833366231643730653362222c2264223a22323032362d31312d3231222c226b223a2261646d696e222c2276223a317d016f7b2264223a22323032362d31312d3231222c2268223a2265636362656138626466646364616362613032326432386363623833363033626232353037633835656438313630366261373739653864313061353764346638222c226b223a22696e76656e746f7279222c2276223a317d016b7b2263223a2232646262646238353065323435313537623332393930306466646639346134383831643133346636313235383962633336383566386563386430633039623164222c2264223a22323032362d31312d3231222c226b223a2261646d696e222c2276223a317d016f7b2264223a22323032362d31312d3231222c2268223a2231656537646132643966656565663266643736653831323036383365396161633965333130353763636262323063313932666635653361346465333163653861222c226b223a22696e76656e746f7279222c2276223a317d016b7b2263223a2262633765636365353437643466366130613231376139663666666566656266623735396335383962376536656664313938386161343836643635613830323965222c2264223a22323032362d31312d3231222c226b223a2261646d696e222c2276223a317d016f7b2264223a22323032362d31312d3231222c2268223a2236353933343335653264666632306366323435333032343436653562313339303036383232666563626232326464636464313334363431303235613233643462222c226b223a22696e76656e746f7279222c2276223a317d016b7b2263223a2232616562383935343461656338666633353039373135653939373466373830613338396332363232336665616133663362623933643730653632613538336433222c2264223a22323032362d31312d3231222c226b223a2261646d696e222c2276223a317d016f7b2264223a22323032362d31312d3231222c2268223a2262623236643531383833306436646434333033323261633138616561623461616263353838616330326631323766616239326430353036386236663232653230222c226b223a22696e76656e746f7279222c2276223a317d016b7b2263223a2262376462326635333631326265613434643336363033626166616264383735343035653166396135663230663461393139653965393431366335636166343066222c2264223a22323032362d31312d3231222c226b223a2261646d696e222c2276223a317d016f7b2264223a22323032362d31312d3231222c2268223a2264636561366261633134336461306338666233323332313966656264356539383336393261313135646230363739386339326461643231623739386436656337222c226b223a22696e76656e746f7279222c2276223a317d016b7b2263223a2234376338666661353736353735343133663336356634666335363030363335396365386238323839383133343936623061373332376266646538303266373565222c2264223a22323032362d31312d3231222c226b223a2261646d696e222c2276223a317d016f7b2264223a22323032362d31312d3231222c2268223a2262323531386439646137393164636536623862323238373834303631323930666630383138393930353437346134356363326665303232376464623931656466222c226b223a22696e76656e746f7279222c2276223a317d016b7b2263223a2265653061346535363035663966373437333362666661643562393730393931373833663462633863356562633162326564616163643461656139323432313065222c2264223a22323032362d31312d3231222c226b223a2261646d696e222c2276223a317d016f7b2264223a22323032362d31312d3231222c2268223a2264333631316333613335623236363762623533313436363739626463343833323239323163643533663564383734313666346263306365303238643263643831222c226b223a22696e76656e746f7279222c2276223a317d016b7b2263223a2234356439333334626164333537323530333663323761383435343030663561326636643662343238343334323565643539366130653038353636663637376135222c2264223a22323032362d31312d3231222c226b223a2261646d696e222c2276223a317d016f7b2264223a22323032362d31312d3231222c2268223a2235336235663831356366396231323161383831393537313039336161396463613265633563396439316530613438343163333936333265373030636439326438222c226b223a22696e76656e746f7279222c2276223a317d016b7b2263223a2234336562353663623866326466306235393464313931356631346532393632386535623165376335666436313238386334643661623765373733613562316133222c2264223a22323032362d31312d3231222c226b223a2261646d696e222c2276223a317d016f7b2264223a22323032362d31312d3231222c2268223a2230356335373661663765323531623330656361363165346633356133376333643830373364623037363165613063363231646335623864386133343761653836222c226b223a22696e76656e746f7279222c2276223a317d016c7b2264223a22323032362d31312d3231222c2268223a2231663465383632633565613730633534326135636565643137366461616532363564383736393937656339373666386361613066373261626239666264356463222c226b223a226e6f74696365222c2276223a317d016b7b2263223a2263623066373135623162386436323230333935653432333534323162396334646261623565333062333731326262643762346235356230316630353431616433222c2264223a22323032362d31312d3231222c226b223a2261646d696e222c2276223a317d80f0f0e4018be91aa8171a7491024644f231b49211fbe6a56e3dbc35e175cf7fe9a255a64780f0f0e4016d82aee31aa6b6051b82b17fd827c57da87fce458a48f62763828ca9e104cb4580f0f0e4017d63bef64fdbdf41045b7089fb73038b8a310685109ed3482bb484deed86a1c980f0f0e40103398a0793db76ae7dda106b30082e79f30614d2235175fffe35a23857e7fe6780f0f0e401d07d32c07aeb1bdc53dae61c5f9f9415141c4dfdaf7ef52d5d378eee97c7eabf80f0f0e4014d668d0ccf97114b8f8854abe539d883bf63a855737bf23bb1dd4b8256020a5981a4e8036b7b2263223a2262316336656530303166346431353335636163333632353937313562373565306238313564393732633036656531656166353332363564333366313063346337222c2264223a22323032362d31312d3231222c226b223a2261646d696e222c2276223a317d016b7b2263223a2230656435393236306561343537633732386331623462313465316463303737316335643433353332356438383636333665333430653962306639316539646634222c2264223a22323032362d31312d3231222c226b223a2261646d696e222c2276223a317d012b7b2264223a22323032362d31312d3231222c226b223a226572617365222c2272223a32342c2276223a317d016b7b2263223a2265616532306138653635323862346164616639343930363366656130326161366632613530623833663432663661626130363864343737633366663834306437222c2264223a22323032362d31312d3231222c226b223a2261646d696e222c2276223a317d');
INSERT INTO public.log_tile VALUES (2, 0, 0, NULL, 1795255562000000, '\x81c4d2ffc0c6c1196b7b2264223a22323032362d31312d3231222c2268223a2235363036613131313938333562653332393661396237356362623435346234376361386435616334666637623231616438346161643334356638366361393564222c226b223a226275696c64222c2276223a317d016d7b2264223a22323032362d31312d3231222c2268223a2266373935313864343339613734313538663962386236376133343061306236393834636364643438356563396634316461323935653932323738643263663730222c226b223a22726567696d6573222c2276223a317d01697b2264223a22323032362d31312d3231222c2268223a2262393165343263326633353662343166643532343465346539303630326237393666303836663230633261323734313230383465623933666135616135626239222c226b223a226b6579222c2276223a317d0222011e7579bad011dbde40b0f8f775afd9489ff2bb01e2bc3ef543b4225268c235c57082a4e803220122c8e91f5af54f69e3567a735a66525a6e7364dd59b01ecbaa718c6d9659038975');



INSERT INTO public.notice VALUES (1, 1, 1, 1, '1f4e862c5ea70c542a5ceed176daae265d876997ec976f8caa0f72abb9fbd5dc', '\x7b2261736b73223a312c22617574686f72697479223a6e756c6c2c2263617465676f72696573223a5b7b226964223a226e6563657373617279227d2c7b226964223a2273746174697374696373227d2c7b226964223a226d61726b6574696e67227d5d2c2263686f6963655f6c69666574696d65223a7b22756e6974223a226d6f6e7468222c2276616c7565223a367d2c22636f6e7461637473223a7b7d2c22636f6e74726f6c6c6572223a7b2261646472657373223a2231204578616d706c65205374726565742c204578616d706c65746f6e222c22656d61696c223a2270726976616379406578616d706c652e636f6d222c226c6567616c5f6e616d65223a224578616d706c65204c7464222c2274726164696e675f6e616d65223a224578616d706c65227d2c2264656661756c745f6c616e6775616765223a22656e222c2264706f223a6e756c6c2c226566666563746976655f6174223a22323032362d31312d32315431303a30303a30302e3030305a222c226c616e677561676573223a5b22656e225d2c226c61796f7574223a7b22706f736974696f6e223a22626f74746f6d227d2c22706f6c6963795f75726c73223a7b7d2c227075626c69736865645f6174223a22323032362d31312d32315431303a30303a30302e3030305a222c22726574656e74696f6e223a7b22756e6974223a226d6f6e7468222c2276616c7565223a33367d2c227365727669636573223a5b7b2263617465676f7279223a226d61726b6574696e67222c22686f737473223a5b5d2c226964223a22616473222c226e616d65223a22416473222c22706f6c6963795f75726c223a6e756c6c2c2270726f7669646572223a224164636f227d2c7b2263617465676f7279223a226e6563657373617279222c22686f737473223a5b5d2c226964223a226372756d62747261696c222c226e616d65223a224372756d62747261696c222c22706f6c6963795f75726c223a6e756c6c2c2270726f7669646572223a224578616d706c65227d2c7b2263617465676f7279223a2273746174697374696373222c22686f737473223a5b227777772e676f6f676c652d616e616c79746963732e636f6d225d2c226964223a22676f6f676c652d616e616c7974696373222c226e616d65223a22476f6f676c6520416e616c7974696373222c22706f6c6963795f75726c223a6e756c6c2c2270726f7669646572223a22476f6f676c65227d5d2c2273697465223a226578616d706c652e636f6d222c227465787473223a7b22656e223a7b22616363657074223a2241636365707420616c6c222c22616761696e223a2254727920616761696e222c22626172223a227b6e616d657d207573657320636f6f6b69657320616e642073696d696c617220746563686e6f6c6f6769657320666f723a207b707572706f7365737d2e20596f752063616e206f7074206f7574206e6f77206f7220617420616e792074696d652e222c2263617465676f72795f6d61726b6574696e67223a224d61726b6574696e67222c2263617465676f72795f6e6563657373617279223a224e6563657373617279222c2263617465676f72795f707265666572656e636573223a22507265666572656e636573222c2263617465676f72795f73746174697374696373223a2253746174697374696373222c22636c6f7365223a22436c6f7365222c22656e747279223a22507269766163792073657474696e6773222c226770635f636f6e666c696374223a22596f75722062726f777365722073656e64732074686520476c6f62616c205072697661637920436f6e74726f6c207369676e616c2c20736f20746865206d61726b6574696e6720796f75206f6e636520616c6c6f776564206973206e6f77206f66662e20596f752063616e20616c6c6f7720697420616761696e20696e207468652073657474696e67732e222c226770635f646f6e65223a224f70742d4f7574205265717565737420486f6e6f7265642e222c226770635f776879223a22596f75722062726f777365722073656e64732074686520476c6f62616c205072697661637920436f6e74726f6c207369676e616c2c20736f206d61726b6574696e67206973206f6666206f6e207468697320776562736974652e222c22696e74726f223a225769746820796f757220636f6e73656e742c207b6e616d657d2073746f726573206f7220726561647320636f6f6b69657320616e642073696d696c61722064617461206f6e20796f75722064657669636520666f723a222c226d6f72655f617574686f72697479223a22576865726520796f752063616e20636f6d706c61696e222c226d6f72655f626c6f636b6564223a22596f75722062726f7773657220646f6573206e6f74206b65657020636f6f6b6965732c20736f20796f757220616e7377657220636f756e7473206f6e20746869732070616765206f6e6c792e222c226d6f72655f636f6c756d6e5f6475726174696f6e223a224475726174696f6e222c226d6f72655f636f6c756d6e5f6e616d65223a224e616d65222c226d6f72655f636f6c756d6e5f7061727479223a225061727479222c226d6f72655f636f6c756d6e5f70726f7669646572223a2250726f7669646572222c226d6f72655f636f6c756d6e5f707572706f7365223a22507572706f7365222c226d6f72655f636f6d65735f6261636b223a225768617420796f7520616c6c6f77206d61792062652073746f72656420616761696e3b20746f2070726576656e7420746861742c20776974686472617720796f757220636f6e73656e742e222c226d6f72655f636f6e74726f6c6c6572223a2257686f20697320726573706f6e7369626c65222c226d6f72655f636f756e74223a7b226f6e65223a2253686f77207b6e7d20636f6f6b6965206f722073696d696c6172206974656d222c226f74686572223a2253686f77207b6e7d20636f6f6b69657320616e642073696d696c6172206974656d73227d2c226d6f72655f64656c657465223a2244656c65746520636f6f6b696573206e6f77222c226d6f72655f64656c65746564223a7b226f6e65223a227b6e7d206974656d207761732064656c657465643a207b6e616d65737d2e222c226f74686572223a227b6e7d206974656d7320776572652064656c657465643a207b6e616d65737d2e227d2c226d6f72655f64656d6f223a224465636964656420666f72207468652064656d6f2e222c226d6f72655f64706f223a22446174612070726f74656374696f6e206f666669636572222c226d6f72655f656c73657768657265223a2257686174206f7468657220636f6d70616e696573206b65657020756e646572207468656972206f776e206164647265737365732c20616e642077686174206f6e6c792061207365727665722063616e20726561642c2063616e206f6e6c792062652064656c6574656420696e20796f75722062726f777365722e222c226d6f72655f656d626564223a22546869732070617274206f6620746865207061676520636f6d65732066726f6d207b6e616d657d2e204974206c6f616473207768656e20796f7520616c6c6f772069742e222c226d6f72655f656d6265645f6c6f6164223a22416c6c6f7720616e64206c6f6164222c226d6f72655f66726565223a22596f75206d61792061736b20746f207365652c20636f7272656374206f722064656c6574652077686174206973206b6570742061626f757420796f752e2049742069732066726565206f66206368617267652e222c226d6f72655f6770635f6f76657272756c6564223a22596f75722062726f777365722073656e64732074686520476c6f62616c205072697661637920436f6e74726f6c207369676e616c2c2062757420796f7520686176652073696e636520616c6c6f776564206d61726b6574696e67206f6e207468697320776562736974652c20616e64207468617420616e73776572206170706c6965732e222c226d6f72655f6770635f737472696374223a22596f75722062726f777365722073656e64732074686520476c6f62616c205072697661637920436f6e74726f6c207369676e616c2e2049742069732073746f726564207769746820796f757220616e737765723b206e6f7468696e672072756e7320756e6c65737320796f7520616c6c6f7720697420686572652e222c226d6f72655f6770635f746f6c64223a224f70742d4f7574205265717565737420486f6e6f7265643a20796f75722062726f777365722073656e64732074686520476c6f62616c205072697661637920436f6e74726f6c207369676e616c2c20736f206d61726b6574696e67206973206f66662e20496620796f7520616c6c6f77206d61726b6574696e6720686572652c20796f757220616e737765722077696c6c206f76657272756c652074686174207369676e616c206f6e207468697320776562736974652e222c226d6f72655f68656c70223a22486f7720746f20626c6f636b20616e642064656c65746520636f6f6b69657320696e20796f75722062726f777365723a222c226d6f72655f6c6162656c223a227075626c697368656420617320e2809c7b6c6162656c7de2809d222c226d6f72655f6c69666574696d65223a22596f75722063686f69636520636f756e747320666f72207b74696d657d206174206d6f73742e205468656e20796f75206172652061736b656420616761696e2e222c226d6f72655f6d696e65223a2253656520616e64206d616e616765206d79207265636f726473222c226d6f72655f6e6f5f7265636f7264223a22596f752068617665206e6f742063686f73656e207965742c20736f206e6f7468696e672061626f757420796f752069732073746f7265642e222c226d6f72655f6e6f745f737461746564223a226e6f7420737461746564222c226d6f72655f6e6f7468696e675f64656c65746564223a22546865726520776173206e6f7468696e6720746f2064656c6574652e222c226d6f72655f70617274795f6669727374223a22746869732077656273697465222c226d6f72655f70617274795f7468697264223a227468697264207061727479222c226d6f72655f70656e64696e67223a2277696c6c2062652064656c697665726564207768656e20746865207365727665722063616e2062652072656163686564222c226d6f72655f7075626c6973686564223a2256657273696f6e207b76657273696f6e7d206f662074686973206e6f746963652c207075626c6973686564207b646174657d2e222c226d6f72655f707572706f73655f6e6563657373617279223a224e656564656420666f7220746865207365727669636520796f752061736b20666f722c20737563682061732073656375726974792c207369676e696e6720696e20616e642072656d656d626572696e6720746869732063686f6963652e20416c77617973206f6e2e222c226d6f72655f7265636f7264223a22596f7572207265636f7264222c226d6f72655f7265636f72645f6964223a225265636f7264222c226d6f72655f726567697374726174696f6e5f6e756d626572223a22436f6d70616e79206e756d626572222c226d6f72655f72657175657374223a2253656e6420612072657175657374222c226d6f72655f726574656e74696f6e223a22546865207265636f7264206973206b65707420666f72207b74696d657d2061732070726f6f662e222c226d6f72655f726574656e74696f6e5f657870697279223a22546865207265636f7264206973206b6570742061732070726f6f6620666f72207b74696d657d20616674657220796f75722063686f6963652068617320657870697265642e222c226d6f72655f726574656e74696f6e5f7769746864726177616c223a22546865207265636f7264206973206b6570742061732070726f6f6620666f72207b74696d657d20616674657220796f7520686176652077697468647261776e206f7220796f75722063686f6963652068617320657870697265642e222c226d6f72655f7269676874735f636f6e74616374223a22596f7572207269676874733a2077686f6d20746f2061736b222c226d6f72655f73657373696f6e223a22756e74696c20796f7520636c6f7365207468652062726f77736572222c226d6f72655f73657474696e6773223a22507269766163792073657474696e6773222c226d6f72655f73657474696e67735f74657874223a2243686f6f73652077686174207b6e616d657d20616e64206974732070726f766964657273206d61792073746f7265206f722072656164206f6e20796f7572206465766963652c20616e6420666f7220776861742e20596f752063616e206368616e67652074686973207768656e6576657220796f75206c696b652e222c226d6f72655f73746f726564223a22576861742077652073746f72652061626f757420746869733a20796f757220616e737765722c207768656e20796f7520676176652069742c20746865207465787420796f7520776572652073686f776e20616e6420697473206c616e67756167652c20746865207061676520776974686f75742069747320736561726368207465726d732c20746865206b696e64206f662064657669636520616e642062726f777365722c20796f75722070726976616379207369676e616c732c20796f757220636f756e7472792c20616e64206120636f646520646572697665642066726f6d20612072616e646f6d206e756d626572206b65707420696e20746869732062726f777365722e20596f75722049502061646472657373206973207573656420746f206465726976652074686520636f756e74727920616e64206973206e6f74206b6570742e222c226d6f72655f756e636c6173736966696564223a22556e636c61737369666965643a2068656c64206261636b222c226d6f72655f756e64656c65746564223a22436f756c64206e6f742062652064656c657465642066726f6d207468697320706167653a207b6e616d65737d2e20506c656173652064656c657465207468656d20696e20796f75722062726f77736572e28099732073657474696e67732e222c226d6f72655f756e69745f646179223a7b226f6e65223a227b6e7d20646179222c226f74686572223a227b6e7d2064617973227d2c226d6f72655f756e69745f686f7572223a7b226f6e65223a227b6e7d20686f7572222c226f74686572223a227b6e7d20686f757273227d2c226d6f72655f756e69745f6d696e757465223a7b226f6e65223a227b6e7d206d696e757465222c226f74686572223a227b6e7d206d696e75746573227d2c226d6f72655f756e69745f6d6f6e7468223a7b226f6e65223a227b6e7d206d6f6e7468222c226f74686572223a227b6e7d206d6f6e746873227d2c226d6f72655f756e69745f7365636f6e64223a7b226f6e65223a227b6e7d207365636f6e64222c226f74686572223a227b6e7d207365636f6e6473227d2c226d6f72655f756e69745f7765656b223a7b226f6e65223a227b6e7d207765656b222c226f74686572223a227b6e7d207765656b73227d2c226d6f72655f756e69745f79656172223a7b226f6e65223a227b6e7d2079656172222c226f74686572223a227b6e7d207965617273227d2c226d6f72655f756e6e616d6564223a226e6f74206e616d6564222c226d6f72655f7661745f6e756d626572223a22564154206e756d626572222c226d6f72655f7769746864726177223a22576974686472617720636f6e73656e74222c226f6b223a224f4b222c226f70745f6f7574223a224f7074206f7574222c22706172746e657273223a7b226f6e65223a227b6e7d2070726f7669646572207265636569766573207468697320646174612e222c226f74686572223a227b6e7d2070726f7669646572732072656365697665207468697320646174612e227d2c22706f6c696379223a225072697661637920706f6c696379222c22707265666572656e636573223a2243686f6f736520696e2064657461696c222c22707572706f73655f6d61726b6574696e67223a2253686f77696e67206164766572746973696e672c20616c736f206f6e206f746865722077656273697465732c20616e64206d6561737572696e67207768657468657220697420776f726b732e222c22707572706f73655f707265666572656e636573223a2252656d656d626572696e6720796f75722073657474696e67732c2073756368206173206c616e6775616765206f7220726567696f6e2c20666f7220796f7572206e6578742076697369742e222c22707572706f73655f73746174697374696373223a22436f756e74696e672076697369747320616e64206d6561737572696e6720686f772070616765732061726520757365642e222c227265667573616c223a22496620796f75207265667573652c20746865207765627369746520776f726b7320617320757375616c3b206f6e6c792077686174206973206c69737465642061626f7665207374617973206f66662e222c2272656a656374223a2252656a65637420616c6c222c22726967687473223a22596f75206d6179207265667573652c20616e6420796f75206d6179206368616e6765206f7220776974686472617720796f75722063686f69636520617420616e792074696d6520756e64657220e2809c7b656e7472797de2809d206f6e20657665727920706167652e222c2273617665223a22536176652063686f69636573222c227361766564223a22596f75722063686f696365732061726520736176656420616e64206170706c79206e6f772e222c227469746c65223a22596f757220707269766163792063686f69636573222c22756e617661696c61626c65223a22546865206c697374206f6620636f6f6b69657320636f756c64206e6f74206265206c6f616465642e20596f752063616e207374696c6c2063686f6f73652c20616e6420796f75722063686f69636573206170706c792e227d7d2c22747261636b657273223a5b7b2263617465676f7279223a226d61726b6574696e67222c226475726174696f6e223a7b22756e6974223a226d6f6e7468222c2276616c7565223a31337d2c226b696e64223a22636f6f6b6965222c226d61746368223a226578616374222c226e616d65223a225f6164222c227061727479223a6e756c6c2c227075626c69736865645f6c6162656c223a6e756c6c2c22707572706f7365223a7b22656e223a2257686174205f616420697320666f722e227d2c22726561736f6e223a6e756c6c2c2273657276696365223a22616473227d2c7b2263617465676f7279223a2273746174697374696373222c226475726174696f6e223a7b22756e6974223a226d6f6e7468222c2276616c7565223a31337d2c226b696e64223a22636f6f6b6965222c226d61746368223a22707265666978222c226e616d65223a225f6761222c227061727479223a6e756c6c2c227075626c69736865645f6c6162656c223a6e756c6c2c22707572706f7365223a7b22656e223a2257686174205f676120697320666f722e227d2c22726561736f6e223a6e756c6c2c2273657276696365223a22676f6f676c652d616e616c7974696373227d2c7b2263617465676f7279223a2273746174697374696373222c226475726174696f6e223a7b22756e6974223a226d6f6e7468222c2276616c7565223a31337d2c226b696e64223a22636f6f6b6965222c226d61746368223a226578616374222c226e616d65223a225f676964222c227061727479223a6e756c6c2c227075626c69736865645f6c6162656c223a6e756c6c2c22707572706f7365223a7b22656e223a2257686174205f67696420697320666f722e227d2c22726561736f6e223a6e756c6c2c2273657276696365223a22676f6f676c652d616e616c7974696373227d2c7b2263617465676f7279223a226e6563657373617279222c226475726174696f6e223a7b22756e6974223a226d6f6e7468222c2276616c7565223a367d2c226b696e64223a22636f6f6b6965222c226d61746368223a226578616374222c226e616d65223a226372756d62747261696c222c227061727479223a226669727374222c227075626c69736865645f6c6162656c223a6e756c6c2c22707572706f7365223a7b22656e223a224b6565707320796f757220636f6f6b69652063686f6963652e222c226672223a22436f6e736572766520766f7472652063686f697820656e206d617469c3a8726520646520636f6f6b6965732e222c22706c223a225a6170616d69c49974756a65205477c3b36a20777962c3b37220646f7479637ac485637920706c696bc3b37720636f6f6b69652e227d2c22726561736f6e223a224b65657073207468652076697369746f722773206f776e2063686f6963652c20776869636820746865206c61772061736b7320757320746f2070726f76652e222c2273657276696365223a226372756d62747261696c227d2c7b2263617465676f7279223a226e6563657373617279222c226475726174696f6e223a7b22756e6974223a226d6f6e7468222c2276616c7565223a367d2c226b696e64223a226c6f63616c5f73746f72616765222c226d61746368223a226578616374222c226e616d65223a226372756d62747261696c222c227061727479223a226669727374222c227075626c69736865645f6c6162656c223a6e756c6c2c22707572706f7365223a7b22656e223a224b6565707320612063686f69636520756e74696c206974206861732072656163686564206f7572207265636f72643b206e6f746573207468617420796f75206761766520636f6e73656e742e222c226672223a22436f6e736572766520756e2063686f6978206a75737175e28099c3a020736f6e206172726976c3a9652064616e73206e6f747265207265676973747265203b206e6f746520756e206163636f72642e222c22706c223a2250727a6563686f77756a6520777962c3b3722c207a616e696d20747261666920646f206e61737a65676f2072656a65737472753b206f646e6f746f77756a65207a676f64c4992e227d2c22726561736f6e223a224b65657073207468652076697369746f722773206f776e2063686f6963652c20776869636820746865206c61772061736b7320757320746f2070726f76652e222c2273657276696365223a226372756d62747261696c227d2c7b2263617465676f7279223a226e6563657373617279222c226475726174696f6e223a7b22756e6974223a226d6f6e7468222c2276616c7565223a367d2c226b696e64223a22636f6f6b6965222c226d61746368223a226578616374222c226e616d65223a226372756d62747261696c5f76697369746f72222c227061727479223a226669727374222c227075626c69736865645f6c6162656c223a6e756c6c2c22707572706f7365223a7b22656e223a22412072616e646f6d206b65792077697468207768696368206f6e6c7920796f752063616e2073686f7720616e6420776974686472617720796f75722063686f6963652e222c226672223a22556e6520636cc3a920616cc3a961746f697265203a20766f7573207365756c20706f7576657a2061696e736920636f6e73756c746572206574207265746972657220766f7472652063686f69782e222c22706c223a224c6f736f7779206b6c75637a2c20647a69c4996b69206b74c3b372656d752074796c6b6f205479206d6fc5bc65737a207370726177647a69c4872069207779636f6661c487207377c3b36a20777962c3b3722e227d2c22726561736f6e223a224b65657073207468652076697369746f722773206f776e2063686f6963652c20776869636820746865206c61772061736b7320757320746f2070726f76652e222c2273657276696365223a226372756d62747261696c227d5d2c2276223a312c2276657273696f6e223a317d', 1795255200000000, 1795255200000000);






INSERT INTO public.page VALUES (1, 1, 'https://example.com/pricing');



INSERT INTO public.place VALUES (1, '', '', 'none', '');









INSERT INTO public.record VALUES (1, 1795255320000000, 0, NULL, 1, NULL, 1, 1, 1, '01a1fd8e-3dc0-7008-8000-000000000008', 'bb661508-77a8-e20d-ceee-6f876705e8ac', '2be75efa-929c-c63c-eca1-8bfec55ca4fc', NULL, 1, 20, 0, 1, NULL, 0, 0, 0, NULL);
INSERT INTO public.record VALUES (1, 1795255380000000, 0, NULL, 1, NULL, 1, 1, 1, '01a1fd8f-2820-7009-8000-000000000009', 'bb661508-77a8-e20d-ceee-6f876705e8ac', '95a70fdb-47a8-76a5-5f9a-4d8899406b1b', NULL, 1, 20, 0, 1, NULL, 0, 0, 0, NULL);
INSERT INTO public.record VALUES (1, 1795255440000000, 0, NULL, 1, NULL, 1, 1, 1, '01a1fd90-1280-700a-8000-00000000000a', 'bb661508-77a8-e20d-ceee-6f876705e8ac', 'e69850bc-5ebc-f790-944d-73fff9cf34b6', NULL, 1, 20, 0, 1, NULL, 0, 0, 0, NULL);
INSERT INTO public.record VALUES (1, 1795255500000000, 0, NULL, 1, NULL, 1, 1, 1, '01a1fd90-fce0-700b-8000-00000000000b', 'bb661508-77a8-e20d-ceee-6f876705e8ac', '235ae35d-e3da-471f-027c-4272145853cc', NULL, 1, 20, 0, 1, NULL, 0, 0, 0, NULL);
INSERT INTO public.record VALUES (1, 1795255560000000, 0, NULL, 1, NULL, 1, 1, 1, '01a1fd91-e740-700c-8000-00000000000c', '728954b4-dc4b-18df-ed49-55e089a36ce8', '2f5ebb74-7e10-4de6-5fdb-889bec409bcb', NULL, 1, 20, 0, 1, NULL, 0, 0, 0, NULL);
INSERT INTO public.record VALUES (1, 1795255260000000, 0, NULL, 1, NULL, 1, 0, 0, '01a1fd8d-5360-7007-8000-000000000007', NULL, NULL, NULL, 0, 0, 0, 0, NULL, 0, 0, 4, NULL);



INSERT INTO public.request VALUES (1, 1, 'KEPT-KEPT-KEPT', 'erasure', 'anna.kowalska@example.org', 'Please erase what you have of me.', NULL, 'PL', 'en', 1795255561000000, 1797847561000000, 'GDPR art. 12(3)', 'open', NULL, NULL);






INSERT INTO public.rule VALUES (1, 'FALLBACK', 'f79518d439a74158f9b8b67a340a0b6984ccdd485ec9f41da295e92278d2cf70');









INSERT INTO public.scan_watch VALUES (1, 'daily', 'https://example.com/', 1795341961000000, 'https://chat.example.net/hook', 'whsec_vXVv0+Jsb1WlNbfPQtC3O0Jlmcm3Iez3n456vS6rLKY=', 'anna.kowalska@example.org');



INSERT INTO public.service VALUES (1, 1, 'crumbtrail', 'Crumbtrail', 'necessary', 'Example', NULL, '[]');
INSERT INTO public.service VALUES (2, 1, 'google-analytics', 'Google Analytics', 'statistics', 'Google', NULL, '["www.google-analytics.com"]');
INSERT INTO public.service VALUES (3, 1, 'ads', 'Ads', 'marketing', 'Adco', NULL, '[]');






INSERT INTO public.site VALUES (1, 'example.com', 'Example', '{"trading_name": "Example", "legal_name": "Example Ltd", "address": "1 Example Street, Exampleton", "email": "privacy@example.com"}', '{}', NULL, NULL, '["example.com"]', '[]', NULL, '["en"]', 'en', '{}', false, '{"value": 6, "unit": "month"}', '{"value": 36, "unit": "month"}', '{"position": "bottom"}', false, NULL, 1795255200000000, false, true, NULL, '{}', '{}');



INSERT INTO public.tracker VALUES (1, 1, 'crumbtrail', 'exact', 'cookie', 'first', 'crumbtrail', 'necessary', NULL, '{"en": "Keeps your cookie choice.", "pl": "Zapami\u0119tuje Tw\u00f3j wyb\u00f3r dotycz\u0105cy plik\u00f3w cookie.", "fr": "Conserve votre choix en mati\u00e8re de cookies."}', '{"value": 6, "unit": "month"}', 'Keeps the visitor''s own choice, which the law asks us to prove.', NULL);
INSERT INTO public.tracker VALUES (2, 1, 'crumbtrail_visitor', 'exact', 'cookie', 'first', 'crumbtrail', 'necessary', NULL, '{"en": "A random key with which only you can show and withdraw your choice.", "pl": "Losowy klucz, dzi\u0119ki kt\u00f3remu tylko Ty mo\u017cesz sprawdzi\u0107 i wycofa\u0107 sw\u00f3j wyb\u00f3r.", "fr": "Une cl\u00e9 al\u00e9atoire : vous seul pouvez ainsi consulter et retirer votre choix."}', '{"value": 6, "unit": "month"}', 'Keeps the visitor''s own choice, which the law asks us to prove.', NULL);
INSERT INTO public.tracker VALUES (3, 1, 'crumbtrail', 'exact', 'local_storage', 'first', 'crumbtrail', 'necessary', NULL, '{"en": "Keeps a choice until it has reached our record; notes that you gave consent.", "pl": "Przechowuje wyb\u00f3r, zanim trafi do naszego rejestru; odnotowuje zgod\u0119.", "fr": "Conserve un choix jusqu\u2019\u00e0 son arriv\u00e9e dans notre registre ; note un accord."}', '{"value": 6, "unit": "month"}', 'Keeps the visitor''s own choice, which the law asks us to prove.', NULL);
INSERT INTO public.tracker VALUES (4, 1, '_ga', 'prefix', 'cookie', NULL, 'google-analytics', 'statistics', NULL, '{"en": "What _ga is for."}', '{"value": 13, "unit": "month"}', NULL, NULL);
INSERT INTO public.tracker VALUES (5, 1, '_gid', 'exact', 'cookie', NULL, 'google-analytics', 'statistics', NULL, '{"en": "What _gid is for."}', '{"value": 13, "unit": "month"}', NULL, NULL);
INSERT INTO public.tracker VALUES (6, 1, '_ad', 'exact', 'cookie', NULL, 'ads', 'marketing', NULL, '{"en": "What _ad is for."}', '{"value": 13, "unit": "month"}', NULL, NULL);



INSERT INTO public.trail VALUES (1, 1795255200000000, 'example.com', 'test', 'site.add', '{}', '6c417880-0cca-77df-e4d6-d187a5148012');
INSERT INTO public.trail VALUES (2, 1795255200000000, 'example.com', 'test', 'service.put', '{"service": "crumbtrail", "category": "necessary"}', '52ed1def-66f8-0097-3d3d-32af09098872');
INSERT INTO public.trail VALUES (3, 1795255200000000, 'example.com', 'test', 'tracker.add', '{"tracker": "crumbtrail", "category": "necessary"}', '8b6e1db6-7712-e968-ad05-83647340507b');
INSERT INTO public.trail VALUES (4, 1795255200000000, 'example.com', 'test', 'tracker.add', '{"tracker": "crumbtrail_visitor", "category": "necessary"}', '9db0266f-38a1-b24c-2811-2d584fd1e225');
INSERT INTO public.trail VALUES (5, 1795255200000000, 'example.com', 'test', 'tracker.add', '{"tracker": "crumbtrail", "category": "necessary"}', '67966ce2-76ab-3440-5336-dba79542b4ec');
INSERT INTO public.trail VALUES (6, 1795255200000000, 'example.com', 'test', 'service.put', '{"service": "google-analytics", "category": "statistics"}', '9bb39e5a-99ef-ef32-906b-fcd696006e6c');
INSERT INTO public.trail VALUES (7, 1795255200000000, 'example.com', 'test', 'service.put', '{"service": "ads", "category": "marketing"}', 'a4985df6-57ed-615a-ca0d-3e1cb4d163d8');
INSERT INTO public.trail VALUES (8, 1795255200000000, 'example.com', 'test', 'tracker.add', '{"tracker": "_ga", "category": "statistics"}', 'a8d270be-49b4-7812-5f76-e33c55a450fe');
INSERT INTO public.trail VALUES (9, 1795255200000000, 'example.com', 'test', 'tracker.add', '{"tracker": "_gid", "category": "statistics"}', 'f242db1e-f112-70a0-2a7b-3b6604d54198');
INSERT INTO public.trail VALUES (10, 1795255200000000, 'example.com', 'test', 'tracker.add', '{"tracker": "_ad", "category": "marketing"}', '6d2fd25a-8212-ccd8-3b03-9d993e9265b7');
INSERT INTO public.trail VALUES (11, 1795255200000000, 'example.com', 'test', 'notice.publish', '{"version": 1, "digest": "1f4e862c5ea70c542a5ceed176daae265d876997ec976f8caa0f72abb9fbd5dc"}', 'a0f1dca6-7231-e7f5-b91a-07e63721d2b9');
INSERT INTO public.trail VALUES (12, 1795255561000000, 'example.com', 'visitor', 'request.add', '{"number": "KEPT-KEPT-KEPT", "kind": "erasure"}', '3bf9bc54-1c45-c2a3-2b94-7d73b452163e');
INSERT INTO public.trail VALUES (13, 1795255561000000, 'example.com', 'owner@example.com', 'scan.watch', '{"every": "daily", "url": "https://example.com/", "webhook": true, "mail": true, "fresh_secret": false}', 'e2886d1a-b286-1016-321a-c79f165e6353');
INSERT INTO public.trail VALUES (14, 1795255561000000, NULL, 'cli', 'user.add', '{"user": "owner@example.com"}', NULL);
INSERT INTO public.trail VALUES (15, 1795255561000000, NULL, 'cli', 'key.create', '{"key": "22943cd9df75", "label": "kept", "sites": ["example.com"]}', NULL);
INSERT INTO public.trail VALUES (16, 1795255561000000, 'example.com', 'cli', 'record.erase', '{"count": 1}', '13847940-fefe-55cd-cd3d-123927a9390d');






SELECT pg_catalog.setval('public.account_id_seq', 1, true);



SELECT pg_catalog.setval('public.answer_id_seq', 1, true);



SELECT pg_catalog.setval('public.inventory_version_id_seq', 9, true);



SELECT pg_catalog.setval('public.log_head_id_seq', 2, true);



SELECT pg_catalog.setval('public.notice_id_seq', 1, true);



SELECT pg_catalog.setval('public.ownership_id_seq', 1, false);



SELECT pg_catalog.setval('public.page_id_seq', 1, true);



SELECT pg_catalog.setval('public.place_id_seq', 1, true);



SELECT pg_catalog.setval('public.proposal_id_seq', 1, false);



SELECT pg_catalog.setval('public.request_id_seq', 1, true);



SELECT pg_catalog.setval('public.rule_id_seq', 1, true);



SELECT pg_catalog.setval('public.scan_alert_id_seq', 1, false);



SELECT pg_catalog.setval('public.scan_id_seq', 1, false);



SELECT pg_catalog.setval('public.service_id_seq', 3, true);



SELECT pg_catalog.setval('public.session_id_seq', 1, false);



SELECT pg_catalog.setval('public.site_id_seq', 1, true);



SELECT pg_catalog.setval('public.tracker_id_seq', 6, true);



SELECT pg_catalog.setval('public.trail_id_seq', 16, true);



SELECT pg_catalog.setval('public.waiting_id_seq', 31, true);



ALTER TABLE ONLY public.account
    ADD CONSTRAINT account_email_key UNIQUE (email);



ALTER TABLE ONLY public.account
    ADD CONSTRAINT account_pkey PRIMARY KEY (id);



ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);



ALTER TABLE ONLY public.answer
    ADD CONSTRAINT answer_pkey PRIMARY KEY (id);



ALTER TABLE ONLY public.answer
    ADD CONSTRAINT answer_site_id_digest_key UNIQUE (site_id, digest);



ALTER TABLE ONLY public.api_key
    ADD CONSTRAINT api_key_pkey PRIMARY KEY (id);



ALTER TABLE ONLY public.catalogue_row
    ADD CONSTRAINT catalogue_row_pkey PRIMARY KEY (id);



ALTER TABLE ONLY public.daily_count
    ADD CONSTRAINT daily_count_pkey PRIMARY KEY (site_id, day, action, categories, country);



ALTER TABLE ONLY public.inventory_version
    ADD CONSTRAINT inventory_version_pkey PRIMARY KEY (id);



ALTER TABLE ONLY public.log_head
    ADD CONSTRAINT log_head_origin_key UNIQUE (origin);



ALTER TABLE ONLY public.log_head
    ADD CONSTRAINT log_head_pkey PRIMARY KEY (id);



ALTER TABLE ONLY public.log_head
    ADD CONSTRAINT log_head_site_key UNIQUE (site);



ALTER TABLE ONLY public.log_tile
    ADD CONSTRAINT log_tile_pkey PRIMARY KEY (log_id, level, number);



ALTER TABLE ONLY public.notice
    ADD CONSTRAINT notice_pkey PRIMARY KEY (id);



ALTER TABLE ONLY public.notice
    ADD CONSTRAINT notice_site_id_digest_key UNIQUE (site_id, digest);



ALTER TABLE ONLY public.notice
    ADD CONSTRAINT notice_site_id_version_key UNIQUE (site_id, version);



ALTER TABLE ONLY public.ownership
    ADD CONSTRAINT ownership_pkey PRIMARY KEY (id);



ALTER TABLE ONLY public.ownership
    ADD CONSTRAINT ownership_site_id_host_key UNIQUE (site_id, host);



ALTER TABLE ONLY public.page
    ADD CONSTRAINT page_pkey PRIMARY KEY (id);



ALTER TABLE ONLY public.page
    ADD CONSTRAINT page_site_id_text_key UNIQUE (site_id, text);



ALTER TABLE ONLY public.place
    ADD CONSTRAINT place_country_subdivision_source_database_key UNIQUE (country, subdivision, source, database);



ALTER TABLE ONLY public.place
    ADD CONSTRAINT place_pkey PRIMARY KEY (id);



ALTER TABLE ONLY public.proposal
    ADD CONSTRAINT proposal_pkey PRIMARY KEY (id);



ALTER TABLE ONLY public.proposal
    ADD CONSTRAINT proposal_site_id_key_key UNIQUE (site_id, key);



ALTER TABLE ONLY public.purged
    ADD CONSTRAINT purged_pkey PRIMARY KEY (site_id);



ALTER TABLE ONLY public.record
    ADD CONSTRAINT record_pkey PRIMARY KEY (site_id, seq);



ALTER TABLE ONLY public.request
    ADD CONSTRAINT request_number_key UNIQUE (number);



ALTER TABLE ONLY public.request
    ADD CONSTRAINT request_pkey PRIMARY KEY (id);



ALTER TABLE ONLY public.retention_clock
    ADD CONSTRAINT retention_clock_pkey PRIMARY KEY (id);



ALTER TABLE ONLY public.rule
    ADD CONSTRAINT rule_pkey PRIMARY KEY (id);



ALTER TABLE ONLY public.rule
    ADD CONSTRAINT rule_regime_regimes_key UNIQUE (regime, regimes);



ALTER TABLE ONLY public.scan_alert
    ADD CONSTRAINT scan_alert_pkey PRIMARY KEY (id);



ALTER TABLE ONLY public.scan
    ADD CONSTRAINT scan_pkey PRIMARY KEY (id);



ALTER TABLE ONLY public.scan_watch
    ADD CONSTRAINT scan_watch_pkey PRIMARY KEY (site_id);



ALTER TABLE ONLY public.service
    ADD CONSTRAINT service_pkey PRIMARY KEY (id);



ALTER TABLE ONLY public.service
    ADD CONSTRAINT service_site_id_key_key UNIQUE (site_id, key);



ALTER TABLE ONLY public.session
    ADD CONSTRAINT session_pkey PRIMARY KEY (id);



ALTER TABLE ONLY public.session
    ADD CONSTRAINT session_token_hash_key UNIQUE (token_hash);



ALTER TABLE ONLY public.site
    ADD CONSTRAINT site_key_key UNIQUE (key);



ALTER TABLE ONLY public.site
    ADD CONSTRAINT site_pkey PRIMARY KEY (id);



ALTER TABLE ONLY public.tracker
    ADD CONSTRAINT tracker_pkey PRIMARY KEY (id);



ALTER TABLE ONLY public.trail
    ADD CONSTRAINT trail_pkey PRIMARY KEY (id);



ALTER TABLE ONLY public.waiting
    ADD CONSTRAINT waiting_pkey PRIMARY KEY (id);



CREATE INDEX inventory_version_by_site ON public.inventory_version USING btree (site_id, id);



CREATE INDEX ix_session_user_id ON public.session USING btree (user_id);



CREATE INDEX ix_tracker_site_id ON public.tracker USING btree (site_id);



CREATE INDEX log_tile_by_most ON public.log_tile USING btree (log_id, most) WHERE (level = 0);



CREATE INDEX proposal_by_state ON public.proposal USING btree (site_id, state);



CREATE UNIQUE INDEX record_by_id ON public.record USING btree (site_id, id);



CREATE INDEX record_by_visitor ON public.record USING btree (site_id, visitor);



CREATE INDEX record_of_tests ON public.record USING btree (seq) WHERE (((flags)::integer & 2) <> 0);



CREATE INDEX request_by_site ON public.request USING btree (site_id, state, due_at);



CREATE INDEX scan_alert_by_state ON public.scan_alert USING btree (state, next_at);



CREATE INDEX scan_by_site ON public.scan USING btree (site_id, id);



CREATE INDEX scan_by_state ON public.scan USING btree (state);



CREATE INDEX trail_by_site ON public.trail USING btree (site, id);



ALTER TABLE ONLY public.answer
    ADD CONSTRAINT answer_notice_id_fkey FOREIGN KEY (notice_id) REFERENCES public.notice(id);



ALTER TABLE ONLY public.answer
    ADD CONSTRAINT answer_site_id_fkey FOREIGN KEY (site_id) REFERENCES public.site(id);



ALTER TABLE ONLY public.daily_count
    ADD CONSTRAINT daily_count_site_id_fkey FOREIGN KEY (site_id) REFERENCES public.site(id);



ALTER TABLE ONLY public.inventory_version
    ADD CONSTRAINT inventory_version_site_id_fkey FOREIGN KEY (site_id) REFERENCES public.site(id);



ALTER TABLE ONLY public.log_tile
    ADD CONSTRAINT log_tile_log_id_fkey FOREIGN KEY (log_id) REFERENCES public.log_head(id);



ALTER TABLE ONLY public.notice
    ADD CONSTRAINT notice_site_id_fkey FOREIGN KEY (site_id) REFERENCES public.site(id);



ALTER TABLE ONLY public.ownership
    ADD CONSTRAINT ownership_site_id_fkey FOREIGN KEY (site_id) REFERENCES public.site(id);



ALTER TABLE ONLY public.page
    ADD CONSTRAINT page_site_id_fkey FOREIGN KEY (site_id) REFERENCES public.site(id);



ALTER TABLE ONLY public.proposal
    ADD CONSTRAINT proposal_site_id_fkey FOREIGN KEY (site_id) REFERENCES public.site(id);



ALTER TABLE ONLY public.purged
    ADD CONSTRAINT purged_site_id_fkey FOREIGN KEY (site_id) REFERENCES public.site(id);



ALTER TABLE ONLY public.request
    ADD CONSTRAINT request_site_id_fkey FOREIGN KEY (site_id) REFERENCES public.site(id);



ALTER TABLE ONLY public.scan_alert
    ADD CONSTRAINT scan_alert_site_id_fkey FOREIGN KEY (site_id) REFERENCES public.site(id);



ALTER TABLE ONLY public.scan
    ADD CONSTRAINT scan_site_id_fkey FOREIGN KEY (site_id) REFERENCES public.site(id);



ALTER TABLE ONLY public.scan_watch
    ADD CONSTRAINT scan_watch_site_id_fkey FOREIGN KEY (site_id) REFERENCES public.site(id);



ALTER TABLE ONLY public.service
    ADD CONSTRAINT service_site_id_fkey FOREIGN KEY (site_id) REFERENCES public.site(id);



ALTER TABLE ONLY public.session
    ADD CONSTRAINT session_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.account(id);



ALTER TABLE ONLY public.tracker
    ADD CONSTRAINT tracker_site_id_fkey FOREIGN KEY (site_id) REFERENCES public.site(id);




