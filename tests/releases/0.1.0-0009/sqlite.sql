BEGIN TRANSACTION;
CREATE TABLE account (
	id INTEGER NOT NULL, 
	email VARCHAR(255) NOT NULL, 
	password_hash VARCHAR(255) NOT NULL, 
	created_at BIGINT NOT NULL, 
	password_changed_at BIGINT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (email)
);
INSERT INTO "account" VALUES(1,'owner@example.com','$argon2id$v=19$m=19456,t=2,p=1$eeau9hztxNsr5J2qqAOkTA$H8JGz/9epmUkByas+aBGH7Lzpo2A7YqbzPRzdivUydg',1795255561000000,1795255561000000);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0009');
CREATE TABLE answer (
	id INTEGER NOT NULL, 
	site_id INTEGER NOT NULL, 
	notice_id INTEGER NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	body BLOB NOT NULL, 
	regime VARCHAR(12) NOT NULL, 
	language VARCHAR(12) NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(notice_id) REFERENCES notice (id), 
	FOREIGN KEY(site_id) REFERENCES site (id), 
	UNIQUE (site_id, digest)
);
INSERT INTO "answer" VALUES(1,1,1,'42273c19af01035e64a841bfa0ffc55c2332f08914d4db0ec3c2b8b18165d97a',X'7B226275696C64223A2235343636356465666133633264666539222C226C616E6775616765223A22656E222C226C61796F7574223A7B22706F736974696F6E223A22626F74746F6D227D2C226E6F74696365223A2231663465383632633565613730633534326135636565643137366461616532363564383736393937656339373666386361613066373261626239666264356463222C22726567696D65223A7B2263617465676F72696573223A7B226D61726B6574696E67223A226F70742D696E222C22707265666572656E636573223A226F70742D696E222C2273746174697374696373223A226F70742D696E227D2C22676F6F676C65223A2264656E696564222C22677063223A747275652C226770635F636F6E6669726D223A66616C73652C226964223A2246414C4C4241434B222C226C696E6B223A6E756C6C2C226D6F64656C223A226F70742D696E222C226D6F6E746873223A362C22726570726F6D70745F6D6F6E746873223A362C2273686F77223A226469616C6F67222C22747A223A6E756C6C7D2C2276223A317D','FALLBACK','en');
CREATE TABLE api_key (
	id VARCHAR(32) NOT NULL, 
	secret_hash VARCHAR(64) NOT NULL, 
	label VARCHAR(200) NOT NULL, 
	sites JSON NOT NULL, 
	period_from BIGINT, 
	period_to BIGINT, 
	created_at BIGINT NOT NULL, 
	expires_at BIGINT NOT NULL, 
	revoked_at BIGINT, 
	last_used_at BIGINT, 
	PRIMARY KEY (id)
);
INSERT INTO "api_key" VALUES('9b9cdcc4feb1','8ce4de6f3c01624c18bb6aa474015d355b54a3c82b0372e484a40cac2938d617','kept','["example.com"]',NULL,NULL,1795255561000000,1796033161000000,NULL,NULL);
CREATE TABLE catalogue_row (
	id VARCHAR(400) NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	prefix BOOLEAN NOT NULL, 
	domain VARCHAR(500) NOT NULL, 
	platform VARCHAR(120) NOT NULL, 
	provider VARCHAR(200) NOT NULL, 
	category VARCHAR(40) NOT NULL, 
	purpose TEXT NOT NULL, 
	duration TEXT NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE daily_count (
	site_id INTEGER NOT NULL, 
	day VARCHAR(10) NOT NULL, 
	action SMALLINT NOT NULL, 
	categories SMALLINT NOT NULL, 
	country VARCHAR(2) NOT NULL, 
	count INTEGER NOT NULL, 
	PRIMARY KEY (site_id, day, action, categories, country), 
	FOREIGN KEY(site_id) REFERENCES site (id)
);
CREATE TABLE inventory_version (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	site_id INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	"by" VARCHAR(320) NOT NULL, 
	what VARCHAR(200) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	state JSON NOT NULL, 
	FOREIGN KEY(site_id) REFERENCES site (id)
);
INSERT INTO "inventory_version" VALUES(1,1,1795255200000000,'test','service crumbtrail kept','eccbea8bdfdcdacba022d28ccb83603bb2507c85ed81606ba779e8d10a57d4f8','{"services": [{"key": "crumbtrail", "name": "Crumbtrail", "category": "necessary", "provider": "Example", "policy_url": null, "hosts": []}], "trackers": []}');
INSERT INTO "inventory_version" VALUES(2,1,1795255200000000,'test','crumbtrail added','1ee7da2d9feeef2fd76e8120683e9aac9e31057ccbb20c192ff5e3a4de31ce8a','{"services": [{"key": "crumbtrail", "name": "Crumbtrail", "category": "necessary", "provider": "Example", "policy_url": null, "hosts": []}], "trackers": [{"id": 1, "name": "crumbtrail", "match": "exact", "kind": "cookie", "party": "first", "service": "crumbtrail", "category": "necessary", "published_label": null, "purpose": {"en": "Keeps your cookie choice.", "pl": "Zapami\u0119tuje Tw\u00f3j wyb\u00f3r dotycz\u0105cy plik\u00f3w cookie.", "fr": "Conserve votre choix en mati\u00e8re de cookies."}, "duration": {"value": 6, "unit": "month"}, "reason": "Keeps the visitor''s own choice, which the law asks us to prove.", "set_by": null}]}');
INSERT INTO "inventory_version" VALUES(3,1,1795255200000000,'test','crumbtrail_visitor added','6593435e2dff20cf245302446e5b139006822fecbb22ddcdd134641025a23d4b','{"services": [{"key": "crumbtrail", "name": "Crumbtrail", "category": "necessary", "provider": "Example", "policy_url": null, "hosts": []}], "trackers": [{"id": 1, "name": "crumbtrail", "match": "exact", "kind": "cookie", "party": "first", "service": "crumbtrail", "category": "necessary", "published_label": null, "purpose": {"en": "Keeps your cookie choice.", "pl": "Zapami\u0119tuje Tw\u00f3j wyb\u00f3r dotycz\u0105cy plik\u00f3w cookie.", "fr": "Conserve votre choix en mati\u00e8re de cookies."}, "duration": {"value": 6, "unit": "month"}, "reason": "Keeps the visitor''s own choice, which the law asks us to prove.", "set_by": null}, {"id": 2, "name": "crumbtrail_visitor", "match": "exact", "kind": "cookie", "party": "first", "service": "crumbtrail", "category": "necessary", "published_label": null, "purpose": {"en": "A random key with which only you can show and withdraw your choice.", "pl": "Losowy klucz, dzi\u0119ki kt\u00f3remu tylko Ty mo\u017cesz sprawdzi\u0107 i wycofa\u0107 sw\u00f3j wyb\u00f3r.", "fr": "Une cl\u00e9 al\u00e9atoire : vous seul pouvez ainsi consulter et retirer votre choix."}, "duration": {"value": 6, "unit": "month"}, "reason": "Keeps the visitor''s own choice, which the law asks us to prove.", "set_by": null}]}');
INSERT INTO "inventory_version" VALUES(4,1,1795255200000000,'test','crumbtrail added','bb26d518830d6dd430322ac18aeab4aabc588ac02f127fab92d05068b6f22e20','{"services": [{"key": "crumbtrail", "name": "Crumbtrail", "category": "necessary", "provider": "Example", "policy_url": null, "hosts": []}], "trackers": [{"id": 1, "name": "crumbtrail", "match": "exact", "kind": "cookie", "party": "first", "service": "crumbtrail", "category": "necessary", "published_label": null, "purpose": {"en": "Keeps your cookie choice.", "pl": "Zapami\u0119tuje Tw\u00f3j wyb\u00f3r dotycz\u0105cy plik\u00f3w cookie.", "fr": "Conserve votre choix en mati\u00e8re de cookies."}, "duration": {"value": 6, "unit": "month"}, "reason": "Keeps the visitor''s own choice, which the law asks us to prove.", "set_by": null}, {"id": 3, "name": "crumbtrail", "match": "exact", "kind": "local_storage", "party": "first", "service": "crumbtrail", "category": "necessary", "published_label": null, "purpose": {"en": "Keeps a choice until it has reached our record; notes that you gave consent.", "pl": "Przechowuje wyb\u00f3r, zanim trafi do naszego rejestru; odnotowuje zgod\u0119.", "fr": "Conserve un choix jusqu\u2019\u00e0 son arriv\u00e9e dans notre registre ; note un accord."}, "duration": {"value": 6, "unit": "month"}, "reason": "Keeps the visitor''s own choice, which the law asks us to prove.", "set_by": null}, {"id": 2, "name": "crumbtrail_visitor", "match": "exact", "kind": "cookie", "party": "first", "service": "crumbtrail", "category": "necessary", "published_label": null, "purpose": {"en": "A random key with which only you can show and withdraw your choice.", "pl": "Losowy klucz, dzi\u0119ki kt\u00f3remu tylko Ty mo\u017cesz sprawdzi\u0107 i wycofa\u0107 sw\u00f3j wyb\u00f3r.", "fr": "Une cl\u00e9 al\u00e9atoire : vous seul pouvez ainsi consulter et retirer votre choix."}, "duration": {"value": 6, "unit": "month"}, "reason": "Keeps the visitor''s own choice, which the law asks us to prove.", "set_by": null}]}');
INSERT INTO "inventory_version" VALUES(5,1,1795255200000000,'test','service google-analytics kept','dcea6bac143da0c8fb323219febd5e983692a115db06798c92dad21b798d6ec7','{"services": [{"key": "crumbtrail", "name": "Crumbtrail", "category": "necessary", "provider": "Example", "policy_url": null, "hosts": []}, {"key": "google-analytics", "name": "Google Analytics", "category": "statistics", "provider": "Google", "policy_url": null, "hosts": ["www.google-analytics.com"]}], "trackers": [{"id": 1, "name": "crumbtrail", "match": "exact", "kind": "cookie", "party": "first", "service": "crumbtrail", "category": "necessary", "published_label": null, "purpose": {"en": "Keeps your cookie choice.", "pl": "Zapami\u0119tuje Tw\u00f3j wyb\u00f3r dotycz\u0105cy plik\u00f3w cookie.", "fr": "Conserve votre choix en mati\u00e8re de cookies."}, "duration": {"value": 6, "unit": "month"}, "reason": "Keeps the visitor''s own choice, which the law asks us to prove.", "set_by": null}, {"id": 3, "name": "crumbtrail", "match": "exact", "kind": "local_storage", "party": "first", "service": "crumbtrail", "category": "necessary", "published_label": null, "purpose": {"en": "Keeps a choice until it has reached our record; notes that you gave consent.", "pl": "Przechowuje wyb\u00f3r, zanim trafi do naszego rejestru; odnotowuje zgod\u0119.", "fr": "Conserve un choix jusqu\u2019\u00e0 son arriv\u00e9e dans notre registre ; note un accord."}, "duration": {"value": 6, "unit": "month"}, "reason": "Keeps the visitor''s own choice, which the law asks us to prove.", "set_by": null}, {"id": 2, "name": "crumbtrail_visitor", "match": "exact", "kind": "cookie", "party": "first", "service": "crumbtrail", "category": "necessary", "published_label": null, "purpose": {"en": "A random key with which only you can show and withdraw your choice.", "pl": "Losowy klucz, dzi\u0119ki kt\u00f3remu tylko Ty mo\u017cesz sprawdzi\u0107 i wycofa\u0107 sw\u00f3j wyb\u00f3r.", "fr": "Une cl\u00e9 al\u00e9atoire : vous seul pouvez ainsi consulter et retirer votre choix."}, "duration": {"value": 6, "unit": "month"}, "reason": "Keeps the visitor''s own choice, which the law asks us to prove.", "set_by": null}]}');
INSERT INTO "inventory_version" VALUES(6,1,1795255200000000,'test','service ads kept','b2518d9da791dce6b8b228784061290ff08189905474a45cc2fe0227ddb91edf','{"services": [{"key": "ads", "name": "Ads", "category": "marketing", "provider": "Adco", "policy_url": null, "hosts": []}, {"key": "crumbtrail", "name": "Crumbtrail", "category": "necessary", "provider": "Example", "policy_url": null, "hosts": []}, {"key": "google-analytics", "name": "Google Analytics", "category": "statistics", "provider": "Google", "policy_url": null, "hosts": ["www.google-analytics.com"]}], "trackers": [{"id": 1, "name": "crumbtrail", "match": "exact", "kind": "cookie", "party": "first", "service": "crumbtrail", "category": "necessary", "published_label": null, "purpose": {"en": "Keeps your cookie choice.", "pl": "Zapami\u0119tuje Tw\u00f3j wyb\u00f3r dotycz\u0105cy plik\u00f3w cookie.", "fr": "Conserve votre choix en mati\u00e8re de cookies."}, "duration": {"value": 6, "unit": "month"}, "reason": "Keeps the visitor''s own choice, which the law asks us to prove.", "set_by": null}, {"id": 3, "name": "crumbtrail", "match": "exact", "kind": "local_storage", "party": "first", "service": "crumbtrail", "category": "necessary", "published_label": null, "purpose": {"en": "Keeps a choice until it has reached our record; notes that you gave consent.", "pl": "Przechowuje wyb\u00f3r, zanim trafi do naszego rejestru; odnotowuje zgod\u0119.", "fr": "Conserve un choix jusqu\u2019\u00e0 son arriv\u00e9e dans notre registre ; note un accord."}, "duration": {"value": 6, "unit": "month"}, "reason": "Keeps the visitor''s own choice, which the law asks us to prove.", "set_by": null}, {"id": 2, "name": "crumbtrail_visitor", "match": "exact", "kind": "cookie", "party": "first", "service": "crumbtrail", "category": "necessary", "published_label": null, "purpose": {"en": "A random key with which only you can show and withdraw your choice.", "pl": "Losowy klucz, dzi\u0119ki kt\u00f3remu tylko Ty mo\u017cesz sprawdzi\u0107 i wycofa\u0107 sw\u00f3j wyb\u00f3r.", "fr": "Une cl\u00e9 al\u00e9atoire : vous seul pouvez ainsi consulter et retirer votre choix."}, "duration": {"value": 6, "unit": "month"}, "reason": "Keeps the visitor''s own choice, which the law asks us to prove.", "set_by": null}]}');
INSERT INTO "inventory_version" VALUES(7,1,1795255200000000,'test','_ga added','d3611c3a35b2667bb53146679bdc48322921cd53f5d87416f4bc0ce028d2cd81','{"services": [{"key": "ads", "name": "Ads", "category": "marketing", "provider": "Adco", "policy_url": null, "hosts": []}, {"key": "crumbtrail", "name": "Crumbtrail", "category": "necessary", "provider": "Example", "policy_url": null, "hosts": []}, {"key": "google-analytics", "name": "Google Analytics", "category": "statistics", "provider": "Google", "policy_url": null, "hosts": ["www.google-analytics.com"]}], "trackers": [{"id": 4, "name": "_ga", "match": "prefix", "kind": "cookie", "party": null, "service": "google-analytics", "category": "statistics", "published_label": null, "purpose": {"en": "What _ga is for."}, "duration": {"value": 13, "unit": "month"}, "reason": null, "set_by": null}, {"id": 1, "name": "crumbtrail", "match": "exact", "kind": "cookie", "party": "first", "service": "crumbtrail", "category": "necessary", "published_label": null, "purpose": {"en": "Keeps your cookie choice.", "pl": "Zapami\u0119tuje Tw\u00f3j wyb\u00f3r dotycz\u0105cy plik\u00f3w cookie.", "fr": "Conserve votre choix en mati\u00e8re de cookies."}, "duration": {"value": 6, "unit": "month"}, "reason": "Keeps the visitor''s own choice, which the law asks us to prove.", "set_by": null}, {"id": 3, "name": "crumbtrail", "match": "exact", "kind": "local_storage", "party": "first", "service": "crumbtrail", "category": "necessary", "published_label": null, "purpose": {"en": "Keeps a choice until it has reached our record; notes that you gave consent.", "pl": "Przechowuje wyb\u00f3r, zanim trafi do naszego rejestru; odnotowuje zgod\u0119.", "fr": "Conserve un choix jusqu\u2019\u00e0 son arriv\u00e9e dans notre registre ; note un accord."}, "duration": {"value": 6, "unit": "month"}, "reason": "Keeps the visitor''s own choice, which the law asks us to prove.", "set_by": null}, {"id": 2, "name": "crumbtrail_visitor", "match": "exact", "kind": "cookie", "party": "first", "service": "crumbtrail", "category": "necessary", "published_label": null, "purpose": {"en": "A random key with which only you can show and withdraw your choice.", "pl": "Losowy klucz, dzi\u0119ki kt\u00f3remu tylko Ty mo\u017cesz sprawdzi\u0107 i wycofa\u0107 sw\u00f3j wyb\u00f3r.", "fr": "Une cl\u00e9 al\u00e9atoire : vous seul pouvez ainsi consulter et retirer votre choix."}, "duration": {"value": 6, "unit": "month"}, "reason": "Keeps the visitor''s own choice, which the law asks us to prove.", "set_by": null}]}');
INSERT INTO "inventory_version" VALUES(8,1,1795255200000000,'test','_gid added','53b5f815cf9b121a8819571093aa9dca2ec5c9d91e0a4841c39632e700cd92d8','{"services": [{"key": "ads", "name": "Ads", "category": "marketing", "provider": "Adco", "policy_url": null, "hosts": []}, {"key": "crumbtrail", "name": "Crumbtrail", "category": "necessary", "provider": "Example", "policy_url": null, "hosts": []}, {"key": "google-analytics", "name": "Google Analytics", "category": "statistics", "provider": "Google", "policy_url": null, "hosts": ["www.google-analytics.com"]}], "trackers": [{"id": 4, "name": "_ga", "match": "prefix", "kind": "cookie", "party": null, "service": "google-analytics", "category": "statistics", "published_label": null, "purpose": {"en": "What _ga is for."}, "duration": {"value": 13, "unit": "month"}, "reason": null, "set_by": null}, {"id": 5, "name": "_gid", "match": "exact", "kind": "cookie", "party": null, "service": "google-analytics", "category": "statistics", "published_label": null, "purpose": {"en": "What _gid is for."}, "duration": {"value": 13, "unit": "month"}, "reason": null, "set_by": null}, {"id": 1, "name": "crumbtrail", "match": "exact", "kind": "cookie", "party": "first", "service": "crumbtrail", "category": "necessary", "published_label": null, "purpose": {"en": "Keeps your cookie choice.", "pl": "Zapami\u0119tuje Tw\u00f3j wyb\u00f3r dotycz\u0105cy plik\u00f3w cookie.", "fr": "Conserve votre choix en mati\u00e8re de cookies."}, "duration": {"value": 6, "unit": "month"}, "reason": "Keeps the visitor''s own choice, which the law asks us to prove.", "set_by": null}, {"id": 3, "name": "crumbtrail", "match": "exact", "kind": "local_storage", "party": "first", "service": "crumbtrail", "category": "necessary", "published_label": null, "purpose": {"en": "Keeps a choice until it has reached our record; notes that you gave consent.", "pl": "Przechowuje wyb\u00f3r, zanim trafi do naszego rejestru; odnotowuje zgod\u0119.", "fr": "Conserve un choix jusqu\u2019\u00e0 son arriv\u00e9e dans notre registre ; note un accord."}, "duration": {"value": 6, "unit": "month"}, "reason": "Keeps the visitor''s own choice, which the law asks us to prove.", "set_by": null}, {"id": 2, "name": "crumbtrail_visitor", "match": "exact", "kind": "cookie", "party": "first", "service": "crumbtrail", "category": "necessary", "published_label": null, "purpose": {"en": "A random key with which only you can show and withdraw your choice.", "pl": "Losowy klucz, dzi\u0119ki kt\u00f3remu tylko Ty mo\u017cesz sprawdzi\u0107 i wycofa\u0107 sw\u00f3j wyb\u00f3r.", "fr": "Une cl\u00e9 al\u00e9atoire : vous seul pouvez ainsi consulter et retirer votre choix."}, "duration": {"value": 6, "unit": "month"}, "reason": "Keeps the visitor''s own choice, which the law asks us to prove.", "set_by": null}]}');
INSERT INTO "inventory_version" VALUES(9,1,1795255200000000,'test','_ad added','05c576af7e251b30eca61e4f35a37c3d8073db0761ea0c621dc5b8d8a347ae86','{"services": [{"key": "ads", "name": "Ads", "category": "marketing", "provider": "Adco", "policy_url": null, "hosts": []}, {"key": "crumbtrail", "name": "Crumbtrail", "category": "necessary", "provider": "Example", "policy_url": null, "hosts": []}, {"key": "google-analytics", "name": "Google Analytics", "category": "statistics", "provider": "Google", "policy_url": null, "hosts": ["www.google-analytics.com"]}], "trackers": [{"id": 6, "name": "_ad", "match": "exact", "kind": "cookie", "party": null, "service": "ads", "category": "marketing", "published_label": null, "purpose": {"en": "What _ad is for."}, "duration": {"value": 13, "unit": "month"}, "reason": null, "set_by": null}, {"id": 4, "name": "_ga", "match": "prefix", "kind": "cookie", "party": null, "service": "google-analytics", "category": "statistics", "published_label": null, "purpose": {"en": "What _ga is for."}, "duration": {"value": 13, "unit": "month"}, "reason": null, "set_by": null}, {"id": 5, "name": "_gid", "match": "exact", "kind": "cookie", "party": null, "service": "google-analytics", "category": "statistics", "published_label": null, "purpose": {"en": "What _gid is for."}, "duration": {"value": 13, "unit": "month"}, "reason": null, "set_by": null}, {"id": 1, "name": "crumbtrail", "match": "exact", "kind": "cookie", "party": "first", "service": "crumbtrail", "category": "necessary", "published_label": null, "purpose": {"en": "Keeps your cookie choice.", "pl": "Zapami\u0119tuje Tw\u00f3j wyb\u00f3r dotycz\u0105cy plik\u00f3w cookie.", "fr": "Conserve votre choix en mati\u00e8re de cookies."}, "duration": {"value": 6, "unit": "month"}, "reason": "Keeps the visitor''s own choice, which the law asks us to prove.", "set_by": null}, {"id": 3, "name": "crumbtrail", "match": "exact", "kind": "local_storage", "party": "first", "service": "crumbtrail", "category": "necessary", "published_label": null, "purpose": {"en": "Keeps a choice until it has reached our record; notes that you gave consent.", "pl": "Przechowuje wyb\u00f3r, zanim trafi do naszego rejestru; odnotowuje zgod\u0119.", "fr": "Conserve un choix jusqu\u2019\u00e0 son arriv\u00e9e dans notre registre ; note un accord."}, "duration": {"value": 6, "unit": "month"}, "reason": "Keeps the visitor''s own choice, which the law asks us to prove.", "set_by": null}, {"id": 2, "name": "crumbtrail_visitor", "match": "exact", "kind": "cookie", "party": "first", "service": "crumbtrail", "category": "necessary", "published_label": null, "purpose": {"en": "A random key with which only you can show and withdraw your choice.", "pl": "Losowy klucz, dzi\u0119ki kt\u00f3remu tylko Ty mo\u017cesz sprawdzi\u0107 i wycofa\u0107 sw\u00f3j wyb\u00f3r.", "fr": "Une cl\u00e9 al\u00e9atoire : vous seul pouvez ainsi consulter et retirer votre choix."}, "duration": {"value": 6, "unit": "month"}, "reason": "Keeps the visitor''s own choice, which the law asks us to prove.", "set_by": null}]}');
CREATE TABLE log_head (
	id INTEGER NOT NULL, 
	site VARCHAR(80) NOT NULL, 
	origin VARCHAR(300) NOT NULL, 
	size BIGINT NOT NULL, 
	root BLOB NOT NULL, 
	signed BIGINT NOT NULL, 
	note TEXT NOT NULL, 
	chained BIGINT, 
	told JSON NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (site), 
	UNIQUE (origin)
);
INSERT INTO "log_head" VALUES(1,'example.com','consent.example.net/log/example.com',34,X'E3F444F3B970BAA6D4B80CE8D8980621AE90621B270B655A57FBACA04D2C14BE',34,'consent.example.net/log/example.com
34
4/RE87lwuqbUuAzo2JgGIa6QYhsnC2VaV/usoE0sFL4=

— consent.example.net/log/example.com ybercS4dKYq05fvT/yEH5pDzjlGiUIIfATcbZ7hMaLS5T/1FFFbLlAlfmoRpm6mOsZ7UkDVGm3uf1nyV+pXkqn4URAw=
',4,'{"build": "5606a1119835be3296a9b75cbb454b47ca8d5ac4ff7b21ad84aad345f86ca95d", "regimes": "f79518d439a74158f9b8b67a340a0b6984ccdd485ec9f41da295e92278d2cf70", "key": "b91e42c2f356b41fd5244e4e90602b796f086f20c2a27412084eb93fa5aa5bb9"}');
INSERT INTO "log_head" VALUES(2,'','consent.example.net/log',5,X'3352AD5DBCAC5C1E89B275DBD8E83E9FEAA79BEB6DA2EA9829CB38810D63FBC3',5,'consent.example.net/log
5
M1KtXbysXB6JsnXb2Og+n+qnm+ttouqYKcs4gQ1j+8M=

— consent.example.net/log fw7I3rAusYM3nEn8WK+8hqVr9EaBDZJa0lF8BozjTlKdRSw8tJetjmv4zGMYnaHVpSetf2wN2hLnZ79/FqtI3tMAIQQ=
— consent.example.net/log n3+kxQAAAABrAW0KgFfjHUZF+N8j2umvUxZyNaiwdgcL1nszB3vFPzIPF8ieim5DqvUDgWdErLSnLNJB9JLk+/5Eddm+6f4C7grwtfkA9JMBN+a4Dh96VzzUlfVW78UnC+33PKZnHJpDUBOoiGoeAQncByYGhUxk3zek/4bUhB19T5Z0vyIRet1UKjWSBBmRMAukunQTvwqPEoRHJMRlpJBE/AHahCTkn/40HLsjbty7v7VT3k6GR7NE5Ak+lapyLLDacSe7F8m0QZERHavIhOXLdNt/0qESd03ryfZxxOxLguNIJ6//jftsuxrcz+apUkPf5ZTlUHtxhnxWO+Dw7GOdaAAn4zX2Sy1oKH7KMMgjB/cVBm+ylfidecIE1hVwxPaNEPlk64mt1uSHf8sT/IjNeIwvNIKOff7YZFiQcLoFKAiHEwoGi5XBNWjsVAwHjMC1u1QBRDKxH7NrwlrqHRNnFa/+SWQtQs+BP7JiglSV0vJuQLoOIGiLpBQ18O9WBWa07bq1jR52oJieR3gk8R2Dpx5yqdb/09iVztEr0h3P8FwQqgPVZvnr7yXz+1kyFwmGV2Ws2AdDa+2H6i4LNeN/062Db7ynR9c3d9KwqszxHXqPAhCqeU5UJHUChydpe1XmZRIkv6n0LcBH0JcYRCJ+tP2Rs0tNmb2Z1FJkhYNtgTvqKxU0EemT6qcDaumtgxg290JUonq3gd4KIoVbmMog5H6Sr1//OiWstzoMO41zHAItp73rNt/kciIGfZ0xotTKKj85L3tgzCYJUe1jcxhKQPCrKUJNAqoSwhriHxoW0eQbk180yjJ/SMmI3WkoSnDmiiflrGgrDRniROZRXuB72l8GIJ5SwsYu13Yb705hPcJRFX8wOD2CDyLkq6FY4C3vL0xF9lr5Ni4fKSoeJVeWwsRMGoa+2yP/ViusKeXbofk4Yp/iQvg5x/pSK73TNoOLi445P3ByrRKVqvVNVWbgvZmw4jfHZSUO5ImAgpiU8Ec1U2Ha0NXDKsCgG3bWzAhag18vJwke4UxJn4f3qY9ejXmEnz0cSY3dOW2qrr0xurv9TUj2IWPYTh/oNroZZgCItZQUR6ozzG72APOCB/KRtl+BVJnJTAhypA37P8u0P0pmzst148DOWULSNt7vWiHJE1FtT1YJ0Aqd07GMa1uyZUOM0nBevWtjWszkAHveLjaa7T0loGFM3XBR/2K9Lys30UyWLZMIcU89YcjyhbWFn/v0O+o58AVWNMAJTN386gbZGt574Nn8JF8BfJYKRovNk2pxgxmifPR+Te6eQNsVivgNeeec9bLFkDnTKOblsKk53vPlW672nqOzBPqj8tJRM6cXvV9arMXqhMIgnj/UZhhzGI4yAPlcDKJNUaTxnrQocCp3GvRL8k71uGqNb7pKhiiPJDQRw3cRaNuyJjCwBJGrAVjIo0bQSVgjpttOcbLnRAJiW6i+gVZZ69vzpzEOUsal1BsDmeUSoKyjLjsmZVB4Xf3zl+LG0f3BwVc6dYP5PL0JqxmUNT2pTH4ZphERFBaFY3eKZyxAl8axnzOWv33LCU1xFSZqEHCjfmBDb9YtnjiJNjnCriBioxKoZLIKwpeQ62en0+tNmK5IS2iWiKtO+Xq+2MwtF4i4iB0c3CK80PFUlFyWZ2qVtLBiKQEliwhj31dSK0xhpmameXyJlcplYNpxfiHJZNZoFGv3R1Xrl9Orla6YL+9kUWHZCKbrBe48bQTJPBRwC6m8VCJbl0MkxvQZPu10xZAykBw45zRRnSaCR10TQ+yaoN6Wq8TNtyGy+T79UH4P70aK8h7ST0vst70G2fRplJw5MCG6drzSTGyRvUfmKPM+wCXWj3B/xikS1yWmeacIhi3TGbvDuW5UTxXMz6CiolbOhVhckLcSgMROvIIGVRXSrqFZO0CHjmt1rrsHPsCyXbbt3KDM0JyGIDL7jguGvWqFWqP9x4cBLsWOTJ101dAse9WvOpViuVu8yQFPluprQD2OCY825SvsLz03rR9dndkSOcWVctQNaUK65Irtw6pSAYDN2Nljy7G1ZNxJD4i6zK+OhFU4diKgHFdJXkmPftrnYXPz/15pkR/MORG+BZolasL3fQVq/pHt0uF8epOLNMTautWJ/eV4y1v5f9YLZLNsNwQ9x7gHo8GuAx1Ghx9rAHYbwKKTEgE+9+jPMSKA0J1P45zp/oRmg2I1tlORU2Jonab3wQWiqNH9i5rmR8R6F/myTixOnG9TSPjF/JaDlrIonN0Nq+pZ+evl+NXDc+Hh1nCIO8w8MGvmMu1DvtGbRg0Se1c+T4nRnOx1vNQm9Qx00a3iRZ8yh/pHVMFnSvw8Ls0yg0dxfXQjqQRLQFLHUrFwnEaGOaxQHQuuFqnuiFYT0RZYKQIU6CFcHrkestUgFnTm9LdQ3q4M91FbKIQO9jHanREM921bAv/Cu37YaOwfpKUZAVk2Aiq7RK2e0MfU88zQzQcagmim+Lo/sconjlLRmPZCIm2cXvse3Ncp4slamWnrn7636fxTEGsYTst3tXHxStmKXh5y4q5fy574wGZHTXmIJZhB8xtCGTbRbetddr+3dlVpKU0p7DiWH4QsMUToX5dzZVAin6BqHaF3gU8XNZHxUnDXfwp7JN29m7EoGFPH26ohN5fTB3ny952G4o/9e08CVQX1n1B2NgTI7zPVCx8Vwk+4kbqt+CPx0K6J/0P7TbzGU2pRNQmiaYYevnvZ+9wZRAu0xdVisOGcyPZOoBkQzMyjaQkmDgmWfjjSk/fluLAg1OlnKlX459TtsIKb+JADYN1vT++aOeo5SNCoBXQewAjkMPXw7JTIVnIH/myK2y0/jgiA27bXQ8Fp66IR76dIBWJS8ssdh6hYmDyBtW1sT11Q+Ui1amdmeJUoF9o7GHk0jwLmvXbxHBJ8lfm0tA7waUuhLSARa043sGSF/yCphKUQguxru3hP/ApE0l3I0vNoXc4Fdz6tdKhIpnlmhcnp7Qley/1Je3I5zD0KVeoBRlM0+Tkel5781WbImKiMReWKm1HpEYZQemDFp4K4eTaEtum/Fj2kS5P/4boWI/xz7crnKLo5hAOo23yqEmsx09o7a13f9yl1HaJb8koqQeWjH1eyrbRnu9MAAQdGR2d/g5e7vsjO1OXt/f8SGCMpQ3SZm52gwsPE2AEGGygxPD1OVmJni5OUvMfS2+Ts9P8HIzk9T2JoaXGDhJu/6wAAAAAAAAAAAAAAABIgNkQ=
',NULL,'{"build": "5606a1119835be3296a9b75cbb454b47ca8d5ac4ff7b21ad84aad345f86ca95d", "regimes": "f79518d439a74158f9b8b67a340a0b6984ccdd485ec9f41da295e92278d2cf70", "key": "b91e42c2f356b41fd5244e4e90602b796f086f20c2a27412084eb93fa5aa5bb9"}');
CREATE TABLE log_tile (
	log_id INTEGER NOT NULL, 
	level INTEGER NOT NULL, 
	number BIGINT NOT NULL, 
	root BLOB, 
	most BIGINT, 
	body BLOB NOT NULL, 
	PRIMARY KEY (log_id, level, number), 
	FOREIGN KEY(log_id) REFERENCES log_head (id)
);
INSERT INTO "log_tile" VALUES(1,0,0,NULL,1795255561000000,X'81C4D2FFC0C6C1196B7B2264223A22323032362D31312D3231222C2268223A2235363036613131313938333562653332393661396237356362623435346234376361386435616334666637623231616438346161643334356638366361393564222C226B223A226275696C64222C2276223A317D016D7B2264223A22323032362D31312D3231222C2268223A2266373935313864343339613734313538663962386236376133343061306236393834636364643438356563396634316461323935653932323738643263663730222C226B223A22726567696D6573222C2276223A317D01697B2264223A22323032362D31312D3231222C2268223A2262393165343263326633353662343166643532343465346539303630326237393666303836663230633261323734313230383465623933666135616135626239222C226B223A226B6579222C2276223A317DFDC38DE10A6B7B2263223A2233643365393137303665663464316439626633373933343266363063386435336365633336636462383735353538616337653136373864623164303163616162222C2264223A22323032362D31312D3231222C226B223A2261646D696E222C2276223A317D016B7B2263223A2236376132363263396436393937363433623963393466373533303263653761393934663632303834376430396639313939376463363337303131396436306535222C2264223A22323032362D31312D3231222C226B223A2261646D696E222C2276223A317D016F7B2264223A22323032362D31312D3231222C2268223A2265636362656138626466646364616362613032326432386363623833363033626232353037633835656438313630366261373739653864313061353764346638222C226B223A22696E76656E746F7279222C2276223A317D016B7B2263223A2232373532386662373761346132356562306530336565396632313166653632343138663730386462656665303136326261613666626366366635346539373565222C2264223A22323032362D31312D3231222C226B223A2261646D696E222C2276223A317D016F7B2264223A22323032362D31312D3231222C2268223A2231656537646132643966656565663266643736653831323036383365396161633965333130353763636262323063313932666635653361346465333163653861222C226B223A22696E76656E746F7279222C2276223A317D016B7B2263223A2261383035303863356463666436363437383464616532303135383036353737336236386430666635383236356430633663333436626439323631313539393937222C2264223A22323032362D31312D3231222C226B223A2261646D696E222C2276223A317D016F7B2264223A22323032362D31312D3231222C2268223A2236353933343335653264666632306366323435333032343436653562313339303036383232666563626232326464636464313334363431303235613233643462222C226B223A22696E76656E746F7279222C2276223A317D016B7B2263223A2236366565653266313134346264386564393264666661646633613035303336623030353634333839613636313962396130663264376630653361333563383166222C2264223A22323032362D31312D3231222C226B223A2261646D696E222C2276223A317D016F7B2264223A22323032362D31312D3231222C2268223A2262623236643531383833306436646434333033323261633138616561623461616263353838616330326631323766616239326430353036386236663232653230222C226B223A22696E76656E746F7279222C2276223A317D016B7B2263223A2231346532663362353663313435333164316236376235316462326564613836396537663464333538386666333034633534636638633662333839636334653863222C2264223A22323032362D31312D3231222C226B223A2261646D696E222C2276223A317D016F7B2264223A22323032362D31312D3231222C2268223A2264636561366261633134336461306338666233323332313966656264356539383336393261313135646230363739386339326461643231623739386436656337222C226B223A22696E76656E746F7279222C2276223A317D016B7B2263223A2263626663633835626537326138333635373536343062656631383335393231633265323665336331366261386165386532376565663262346231666639396465222C2264223A22323032362D31312D3231222C226B223A2261646D696E222C2276223A317D016F7B2264223A22323032362D31312D3231222C2268223A2262323531386439646137393164636536623862323238373834303631323930666630383138393930353437346134356363326665303232376464623931656466222C226B223A22696E76656E746F7279222C2276223A317D016B7B2263223A2239363966643964653339346332333863373762636263636635393231303035363933343636313736313961346532303838333636313866346435316166336664222C2264223A22323032362D31312D3231222C226B223A2261646D696E222C2276223A317D016F7B2264223A22323032362D31312D3231222C2268223A2264333631316333613335623236363762623533313436363739626463343833323239323163643533663564383734313666346263306365303238643263643831222C226B223A22696E76656E746F7279222C2276223A317D016B7B2263223A2235663531653262663430613531346462356138313038313837613239616330343938643165353333343537356533633161623865393631386530313033633931222C2264223A22323032362D31312D3231222C226B223A2261646D696E222C2276223A317D016F7B2264223A22323032362D31312D3231222C2268223A2235336235663831356366396231323161383831393537313039336161396463613265633563396439316530613438343163333936333265373030636439326438222C226B223A22696E76656E746F7279222C2276223A317D016B7B2263223A2237386663383439333766353861376336623336663230646339623332313266616431313735303961623063346530646533386331376331313436653432613236222C2264223A22323032362D31312D3231222C226B223A2261646D696E222C2276223A317D016F7B2264223A22323032362D31312D3231222C2268223A2230356335373661663765323531623330656361363165346633356133376333643830373364623037363165613063363231646335623864386133343761653836222C226B223A22696E76656E746F7279222C2276223A317D016C7B2264223A22323032362D31312D3231222C2268223A2231663465383632633565613730633534326135636565643137366461616532363564383736393937656339373666386361613066373261626239666264356463222C226B223A226E6F74696365222C2276223A317D016B7B2263223A2266353338313261303934323239333631653030663839343239633330313030346363626265353165346264653337346633623934313066636262356663303534222C2264223A22323032362D31312D3231222C226B223A2261646D696E222C2276223A317D80F0F0E401104328280A9E2B7FC05C198EABAEB74A66E1485A818C39E4E8AD794660DA56EB80F0F0E40168B8212F4FDC1B8E027E8D62248D8C33A09C2B65A1C841B4BA54A0F1C8091BD480F0F0E401C1800A32A0BC9336FC0173D16EAF1EA02D6BA4923D117F77B8717C98AAA9C96080F0F0E4015410AA73E3E064D0A8875C2710A24B5BD42F53CFA6F1F0A28FFB0835E7B62EF180F0F0E401FA2DF798BCC54D7341BF286A60511FF6FA93ACCD0BE4DA1C5887D0B821468D2D80F0F0E4019419824D4AD0756AEE3A572F887CC76B5488BDD7E65AC3344ABF5843E3B8658A81A4E8036B7B2263223A2233376566376431303634643432326463646463393338313531666462653936323431373030326561306535653237386265313733383864306238363231663164222C2264223A22323032362D31312D3231222C226B223A2261646D696E222C2276223A317D016B7B2263223A2236313930356335646139306163303832626232636334346238636332333165663837323532646239366361343061326166363332663863376166323066396166222C2264223A22323032362D31312D3231222C226B223A2261646D696E222C2276223A317D012B7B2264223A22323032362D31312D3231222C226B223A226572617365222C2272223A32342C2276223A317D016B7B2263223A2266353061303538353261643865343031336262386337336332396230333562383633653037666163386332623263633839616461346164613566353835366132222C2264223A22323032362D31312D3231222C226B223A2261646D696E222C2276223A317D');
INSERT INTO "log_tile" VALUES(2,0,0,NULL,1795255562000000,X'81C4D2FFC0C6C1196B7B2264223A22323032362D31312D3231222C2268223A2235363036613131313938333562653332393661396237356362623435346234376361386435616334666637623231616438346161643334356638366361393564222C226B223A226275696C64222C2276223A317D016D7B2264223A22323032362D31312D3231222C2268223A2266373935313864343339613734313538663962386236376133343061306236393834636364643438356563396634316461323935653932323738643263663730222C226B223A22726567696D6573222C2276223A317D01697B2264223A22323032362D31312D3231222C2268223A2262393165343263326633353662343166643532343465346539303630326237393666303836663230633261323734313230383465623933666135616135626239222C226B223A226B6579222C2276223A317D0222011E2FA1A10753231FE1A66B23DFBB993C9B622CABCCF3B4E490D6249F10BFB145BE82A4E803220122E3F444F3B970BAA6D4B80CE8D8980621AE90621B270B655A57FBACA04D2C14BE');
CREATE TABLE notice (
	id INTEGER NOT NULL, 
	site_id INTEGER NOT NULL, 
	version INTEGER NOT NULL, 
	asks INTEGER NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	body BLOB NOT NULL, 
	published_at BIGINT NOT NULL, 
	effective_at BIGINT NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(site_id) REFERENCES site (id), 
	UNIQUE (site_id, digest), 
	UNIQUE (site_id, version)
);
INSERT INTO "notice" VALUES(1,1,1,1,'1f4e862c5ea70c542a5ceed176daae265d876997ec976f8caa0f72abb9fbd5dc',X'7B2261736B73223A312C22617574686F72697479223A6E756C6C2C2263617465676F72696573223A5B7B226964223A226E6563657373617279227D2C7B226964223A2273746174697374696373227D2C7B226964223A226D61726B6574696E67227D5D2C2263686F6963655F6C69666574696D65223A7B22756E6974223A226D6F6E7468222C2276616C7565223A367D2C22636F6E7461637473223A7B7D2C22636F6E74726F6C6C6572223A7B2261646472657373223A2231204578616D706C65205374726565742C204578616D706C65746F6E222C22656D61696C223A2270726976616379406578616D706C652E636F6D222C226C6567616C5F6E616D65223A224578616D706C65204C7464222C2274726164696E675F6E616D65223A224578616D706C65227D2C2264656661756C745F6C616E6775616765223A22656E222C2264706F223A6E756C6C2C226566666563746976655F6174223A22323032362D31312D32315431303A30303A30302E3030305A222C226C616E677561676573223A5B22656E225D2C226C61796F7574223A7B22706F736974696F6E223A22626F74746F6D227D2C22706F6C6963795F75726C73223A7B7D2C227075626C69736865645F6174223A22323032362D31312D32315431303A30303A30302E3030305A222C22726574656E74696F6E223A7B22756E6974223A226D6F6E7468222C2276616C7565223A33367D2C227365727669636573223A5B7B2263617465676F7279223A226D61726B6574696E67222C22686F737473223A5B5D2C226964223A22616473222C226E616D65223A22416473222C22706F6C6963795F75726C223A6E756C6C2C2270726F7669646572223A224164636F227D2C7B2263617465676F7279223A226E6563657373617279222C22686F737473223A5B5D2C226964223A226372756D62747261696C222C226E616D65223A224372756D62747261696C222C22706F6C6963795F75726C223A6E756C6C2C2270726F7669646572223A224578616D706C65227D2C7B2263617465676F7279223A2273746174697374696373222C22686F737473223A5B227777772E676F6F676C652D616E616C79746963732E636F6D225D2C226964223A22676F6F676C652D616E616C7974696373222C226E616D65223A22476F6F676C6520416E616C7974696373222C22706F6C6963795F75726C223A6E756C6C2C2270726F7669646572223A22476F6F676C65227D5D2C2273697465223A226578616D706C652E636F6D222C227465787473223A7B22656E223A7B22616363657074223A2241636365707420616C6C222C22616761696E223A2254727920616761696E222C22626172223A227B6E616D657D207573657320636F6F6B69657320616E642073696D696C617220746563686E6F6C6F6769657320666F723A207B707572706F7365737D2E20596F752063616E206F7074206F7574206E6F77206F7220617420616E792074696D652E222C2263617465676F72795F6D61726B6574696E67223A224D61726B6574696E67222C2263617465676F72795F6E6563657373617279223A224E6563657373617279222C2263617465676F72795F707265666572656E636573223A22507265666572656E636573222C2263617465676F72795F73746174697374696373223A2253746174697374696373222C22636C6F7365223A22436C6F7365222C22656E747279223A22507269766163792073657474696E6773222C226770635F636F6E666C696374223A22596F75722062726F777365722073656E64732074686520476C6F62616C205072697661637920436F6E74726F6C207369676E616C2C20736F20746865206D61726B6574696E6720796F75206F6E636520616C6C6F776564206973206E6F77206F66662E20596F752063616E20616C6C6F7720697420616761696E20696E207468652073657474696E67732E222C226770635F646F6E65223A224F70742D4F7574205265717565737420486F6E6F7265642E222C226770635F776879223A22596F75722062726F777365722073656E64732074686520476C6F62616C205072697661637920436F6E74726F6C207369676E616C2C20736F206D61726B6574696E67206973206F6666206F6E207468697320776562736974652E222C22696E74726F223A225769746820796F757220636F6E73656E742C207B6E616D657D2073746F726573206F7220726561647320636F6F6B69657320616E642073696D696C61722064617461206F6E20796F75722064657669636520666F723A222C226D6F72655F617574686F72697479223A22576865726520796F752063616E20636F6D706C61696E222C226D6F72655F626C6F636B6564223A22596F75722062726F7773657220646F6573206E6F74206B65657020636F6F6B6965732C20736F20796F757220616E7377657220636F756E7473206F6E20746869732070616765206F6E6C792E222C226D6F72655F636F6C756D6E5F6475726174696F6E223A224475726174696F6E222C226D6F72655F636F6C756D6E5F6E616D65223A224E616D65222C226D6F72655F636F6C756D6E5F7061727479223A225061727479222C226D6F72655F636F6C756D6E5F70726F7669646572223A2250726F7669646572222C226D6F72655F636F6C756D6E5F707572706F7365223A22507572706F7365222C226D6F72655F636F6D65735F6261636B223A225768617420796F7520616C6C6F77206D61792062652073746F72656420616761696E3B20746F2070726576656E7420746861742C20776974686472617720796F757220636F6E73656E742E222C226D6F72655F636F6E74726F6C6C6572223A2257686F20697320726573706F6E7369626C65222C226D6F72655F636F756E74223A7B226F6E65223A2253686F77207B6E7D20636F6F6B6965206F722073696D696C6172206974656D222C226F74686572223A2253686F77207B6E7D20636F6F6B69657320616E642073696D696C6172206974656D73227D2C226D6F72655F64656C657465223A2244656C65746520636F6F6B696573206E6F77222C226D6F72655F64656C65746564223A7B226F6E65223A227B6E7D206974656D207761732064656C657465643A207B6E616D65737D2E222C226F74686572223A227B6E7D206974656D7320776572652064656C657465643A207B6E616D65737D2E227D2C226D6F72655F64656D6F223A224465636964656420666F72207468652064656D6F2E222C226D6F72655F64706F223A22446174612070726F74656374696F6E206F666669636572222C226D6F72655F656C73657768657265223A2257686174206F7468657220636F6D70616E696573206B65657020756E646572207468656972206F776E206164647265737365732C20616E642077686174206F6E6C792061207365727665722063616E20726561642C2063616E206F6E6C792062652064656C6574656420696E20796F75722062726F777365722E222C226D6F72655F656D626564223A22546869732070617274206F6620746865207061676520636F6D65732066726F6D207B6E616D657D2E204974206C6F616473207768656E20796F7520616C6C6F772069742E222C226D6F72655F656D6265645F6C6F6164223A22416C6C6F7720616E64206C6F6164222C226D6F72655F66726565223A22596F75206D61792061736B20746F207365652C20636F7272656374206F722064656C6574652077686174206973206B6570742061626F757420796F752E2049742069732066726565206F66206368617267652E222C226D6F72655F6770635F6F76657272756C6564223A22596F75722062726F777365722073656E64732074686520476C6F62616C205072697661637920436F6E74726F6C207369676E616C2C2062757420796F7520686176652073696E636520616C6C6F776564206D61726B6574696E67206F6E207468697320776562736974652C20616E64207468617420616E73776572206170706C6965732E222C226D6F72655F6770635F737472696374223A22596F75722062726F777365722073656E64732074686520476C6F62616C205072697661637920436F6E74726F6C207369676E616C2E2049742069732073746F726564207769746820796F757220616E737765723B206E6F7468696E672072756E7320756E6C65737320796F7520616C6C6F7720697420686572652E222C226D6F72655F6770635F746F6C64223A224F70742D4F7574205265717565737420486F6E6F7265643A20796F75722062726F777365722073656E64732074686520476C6F62616C205072697661637920436F6E74726F6C207369676E616C2C20736F206D61726B6574696E67206973206F66662E20496620796F7520616C6C6F77206D61726B6574696E6720686572652C20796F757220616E737765722077696C6C206F76657272756C652074686174207369676E616C206F6E207468697320776562736974652E222C226D6F72655F68656C70223A22486F7720746F20626C6F636B20616E642064656C65746520636F6F6B69657320696E20796F75722062726F777365723A222C226D6F72655F6C6162656C223A227075626C697368656420617320E2809C7B6C6162656C7DE2809D222C226D6F72655F6C69666574696D65223A22596F75722063686F69636520636F756E747320666F72207B74696D657D206174206D6F73742E205468656E20796F75206172652061736B656420616761696E2E222C226D6F72655F6D696E65223A2253656520616E64206D616E616765206D79207265636F726473222C226D6F72655F6E6F5F7265636F7264223A22596F752068617665206E6F742063686F73656E207965742C20736F206E6F7468696E672061626F757420796F752069732073746F7265642E222C226D6F72655F6E6F745F737461746564223A226E6F7420737461746564222C226D6F72655F6E6F7468696E675F64656C65746564223A22546865726520776173206E6F7468696E6720746F2064656C6574652E222C226D6F72655F70617274795F6669727374223A22746869732077656273697465222C226D6F72655F70617274795F7468697264223A227468697264207061727479222C226D6F72655F70656E64696E67223A2277696C6C2062652064656C697665726564207768656E20746865207365727665722063616E2062652072656163686564222C226D6F72655F7075626C6973686564223A2256657273696F6E207B76657273696F6E7D206F662074686973206E6F746963652C207075626C6973686564207B646174657D2E222C226D6F72655F707572706F73655F6E6563657373617279223A224E656564656420666F7220746865207365727669636520796F752061736B20666F722C20737563682061732073656375726974792C207369676E696E6720696E20616E642072656D656D626572696E6720746869732063686F6963652E20416C77617973206F6E2E222C226D6F72655F7265636F7264223A22596F7572207265636F7264222C226D6F72655F7265636F72645F6964223A225265636F7264222C226D6F72655F726567697374726174696F6E5F6E756D626572223A22436F6D70616E79206E756D626572222C226D6F72655F72657175657374223A2253656E6420612072657175657374222C226D6F72655F726574656E74696F6E223A22546865207265636F7264206973206B65707420666F72207B74696D657D2061732070726F6F662E222C226D6F72655F726574656E74696F6E5F657870697279223A22546865207265636F7264206973206B6570742061732070726F6F6620666F72207B74696D657D20616674657220796F75722063686F6963652068617320657870697265642E222C226D6F72655F726574656E74696F6E5F7769746864726177616C223A22546865207265636F7264206973206B6570742061732070726F6F6620666F72207B74696D657D20616674657220796F7520686176652077697468647261776E206F7220796F75722063686F6963652068617320657870697265642E222C226D6F72655F7269676874735F636F6E74616374223A22596F7572207269676874733A2077686F6D20746F2061736B222C226D6F72655F73657373696F6E223A22756E74696C20796F7520636C6F7365207468652062726F77736572222C226D6F72655F73657474696E6773223A22507269766163792073657474696E6773222C226D6F72655F73657474696E67735F74657874223A2243686F6F73652077686174207B6E616D657D20616E64206974732070726F766964657273206D61792073746F7265206F722072656164206F6E20796F7572206465766963652C20616E6420666F7220776861742E20596F752063616E206368616E67652074686973207768656E6576657220796F75206C696B652E222C226D6F72655F73746F726564223A22576861742077652073746F72652061626F757420746869733A20796F757220616E737765722C207768656E20796F7520676176652069742C20746865207465787420796F7520776572652073686F776E20616E6420697473206C616E67756167652C20746865207061676520776974686F75742069747320736561726368207465726D732C20746865206B696E64206F662064657669636520616E642062726F777365722C20796F75722070726976616379207369676E616C732C20796F757220636F756E7472792C20616E64206120636F646520646572697665642066726F6D20612072616E646F6D206E756D626572206B65707420696E20746869732062726F777365722E20596F75722049502061646472657373206973207573656420746F206465726976652074686520636F756E74727920616E64206973206E6F74206B6570742E222C226D6F72655F756E636C6173736966696564223A22556E636C61737369666965643A2068656C64206261636B222C226D6F72655F756E64656C65746564223A22436F756C64206E6F742062652064656C657465642066726F6D207468697320706167653A207B6E616D65737D2E20506C656173652064656C657465207468656D20696E20796F75722062726F77736572E28099732073657474696E67732E222C226D6F72655F756E69745F646179223A7B226F6E65223A227B6E7D20646179222C226F74686572223A227B6E7D2064617973227D2C226D6F72655F756E69745F686F7572223A7B226F6E65223A227B6E7D20686F7572222C226F74686572223A227B6E7D20686F757273227D2C226D6F72655F756E69745F6D696E757465223A7B226F6E65223A227B6E7D206D696E757465222C226F74686572223A227B6E7D206D696E75746573227D2C226D6F72655F756E69745F6D6F6E7468223A7B226F6E65223A227B6E7D206D6F6E7468222C226F74686572223A227B6E7D206D6F6E746873227D2C226D6F72655F756E69745F7365636F6E64223A7B226F6E65223A227B6E7D207365636F6E64222C226F74686572223A227B6E7D207365636F6E6473227D2C226D6F72655F756E69745F7765656B223A7B226F6E65223A227B6E7D207765656B222C226F74686572223A227B6E7D207765656B73227D2C226D6F72655F756E69745F79656172223A7B226F6E65223A227B6E7D2079656172222C226F74686572223A227B6E7D207965617273227D2C226D6F72655F756E6E616D6564223A226E6F74206E616D6564222C226D6F72655F7661745F6E756D626572223A22564154206E756D626572222C226D6F72655F7769746864726177223A22576974686472617720636F6E73656E74222C226F6B223A224F4B222C226F70745F6F7574223A224F7074206F7574222C22706172746E657273223A7B226F6E65223A227B6E7D2070726F7669646572207265636569766573207468697320646174612E222C226F74686572223A227B6E7D2070726F7669646572732072656365697665207468697320646174612E227D2C22706F6C696379223A225072697661637920706F6C696379222C22707265666572656E636573223A2243686F6F736520696E2064657461696C222C22707572706F73655F6D61726B6574696E67223A2253686F77696E67206164766572746973696E672C20616C736F206F6E206F746865722077656273697465732C20616E64206D6561737572696E67207768657468657220697420776F726B732E222C22707572706F73655F707265666572656E636573223A2252656D656D626572696E6720796F75722073657474696E67732C2073756368206173206C616E6775616765206F7220726567696F6E2C20666F7220796F7572206E6578742076697369742E222C22707572706F73655F73746174697374696373223A22436F756E74696E672076697369747320616E64206D6561737572696E6720686F772070616765732061726520757365642E222C227265667573616C223A22496620796F75207265667573652C20746865207765627369746520776F726B7320617320757375616C3B206F6E6C792077686174206973206C69737465642061626F7665207374617973206F66662E222C2272656A656374223A2252656A65637420616C6C222C22726967687473223A22596F75206D6179207265667573652C20616E6420796F75206D6179206368616E6765206F7220776974686472617720796F75722063686F69636520617420616E792074696D6520756E64657220E2809C7B656E7472797DE2809D206F6E20657665727920706167652E222C2273617665223A22536176652063686F69636573222C227361766564223A22596F75722063686F696365732061726520736176656420616E64206170706C79206E6F772E222C227469746C65223A22596F757220707269766163792063686F69636573222C22756E617661696C61626C65223A22546865206C697374206F6620636F6F6B69657320636F756C64206E6F74206265206C6F616465642E20596F752063616E207374696C6C2063686F6F73652C20616E6420796F75722063686F69636573206170706C792E227D7D2C22747261636B657273223A5B7B2263617465676F7279223A226D61726B6574696E67222C226475726174696F6E223A7B22756E6974223A226D6F6E7468222C2276616C7565223A31337D2C226B696E64223A22636F6F6B6965222C226D61746368223A226578616374222C226E616D65223A225F6164222C227061727479223A6E756C6C2C227075626C69736865645F6C6162656C223A6E756C6C2C22707572706F7365223A7B22656E223A2257686174205F616420697320666F722E227D2C22726561736F6E223A6E756C6C2C2273657276696365223A22616473227D2C7B2263617465676F7279223A2273746174697374696373222C226475726174696F6E223A7B22756E6974223A226D6F6E7468222C2276616C7565223A31337D2C226B696E64223A22636F6F6B6965222C226D61746368223A22707265666978222C226E616D65223A225F6761222C227061727479223A6E756C6C2C227075626C69736865645F6C6162656C223A6E756C6C2C22707572706F7365223A7B22656E223A2257686174205F676120697320666F722E227D2C22726561736F6E223A6E756C6C2C2273657276696365223A22676F6F676C652D616E616C7974696373227D2C7B2263617465676F7279223A2273746174697374696373222C226475726174696F6E223A7B22756E6974223A226D6F6E7468222C2276616C7565223A31337D2C226B696E64223A22636F6F6B6965222C226D61746368223A226578616374222C226E616D65223A225F676964222C227061727479223A6E756C6C2C227075626C69736865645F6C6162656C223A6E756C6C2C22707572706F7365223A7B22656E223A2257686174205F67696420697320666F722E227D2C22726561736F6E223A6E756C6C2C2273657276696365223A22676F6F676C652D616E616C7974696373227D2C7B2263617465676F7279223A226E6563657373617279222C226475726174696F6E223A7B22756E6974223A226D6F6E7468222C2276616C7565223A367D2C226B696E64223A22636F6F6B6965222C226D61746368223A226578616374222C226E616D65223A226372756D62747261696C222C227061727479223A226669727374222C227075626C69736865645F6C6162656C223A6E756C6C2C22707572706F7365223A7B22656E223A224B6565707320796F757220636F6F6B69652063686F6963652E222C226672223A22436F6E736572766520766F7472652063686F697820656E206D617469C3A8726520646520636F6F6B6965732E222C22706C223A225A6170616D69C49974756A65205477C3B36A20777962C3B37220646F7479637AC485637920706C696BC3B37720636F6F6B69652E227D2C22726561736F6E223A224B65657073207468652076697369746F722773206F776E2063686F6963652C20776869636820746865206C61772061736B7320757320746F2070726F76652E222C2273657276696365223A226372756D62747261696C227D2C7B2263617465676F7279223A226E6563657373617279222C226475726174696F6E223A7B22756E6974223A226D6F6E7468222C2276616C7565223A367D2C226B696E64223A226C6F63616C5F73746F72616765222C226D61746368223A226578616374222C226E616D65223A226372756D62747261696C222C227061727479223A226669727374222C227075626C69736865645F6C6162656C223A6E756C6C2C22707572706F7365223A7B22656E223A224B6565707320612063686F69636520756E74696C206974206861732072656163686564206F7572207265636F72643B206E6F746573207468617420796F75206761766520636F6E73656E742E222C226672223A22436F6E736572766520756E2063686F6978206A75737175E28099C3A020736F6E206172726976C3A9652064616E73206E6F747265207265676973747265203B206E6F746520756E206163636F72642E222C22706C223A2250727A6563686F77756A6520777962C3B3722C207A616E696D20747261666920646F206E61737A65676F2072656A65737472753B206F646E6F746F77756A65207A676F64C4992E227D2C22726561736F6E223A224B65657073207468652076697369746F722773206F776E2063686F6963652C20776869636820746865206C61772061736B7320757320746F2070726F76652E222C2273657276696365223A226372756D62747261696C227D2C7B2263617465676F7279223A226E6563657373617279222C226475726174696F6E223A7B22756E6974223A226D6F6E7468222C2276616C7565223A367D2C226B696E64223A22636F6F6B6965222C226D61746368223A226578616374222C226E616D65223A226372756D62747261696C5F76697369746F72222C227061727479223A226669727374222C227075626C69736865645F6C6162656C223A6E756C6C2C22707572706F7365223A7B22656E223A22412072616E646F6D206B65792077697468207768696368206F6E6C7920796F752063616E2073686F7720616E6420776974686472617720796F75722063686F6963652E222C226672223A22556E6520636CC3A920616CC3A961746F697265203A20766F7573207365756C20706F7576657A2061696E736920636F6E73756C746572206574207265746972657220766F7472652063686F69782E222C22706C223A224C6F736F7779206B6C75637A2C20647A69C4996B69206B74C3B372656D752074796C6B6F205479206D6FC5BC65737A207370726177647A69C4872069207779636F6661C487207377C3B36A20777962C3B3722E227D2C22726561736F6E223A224B65657073207468652076697369746F722773206F776E2063686F6963652C20776869636820746865206C61772061736B7320757320746F2070726F76652E222C2273657276696365223A226372756D62747261696C227D5D2C2276223A312C2276657273696F6E223A317D',1795255200000000,1795255200000000);
CREATE TABLE ownership (
	id INTEGER NOT NULL, 
	site_id INTEGER NOT NULL, 
	host VARCHAR(253) NOT NULL, 
	token VARCHAR(32) NOT NULL, 
	way VARCHAR(4), 
	proven_at BIGINT, 
	looked_at BIGINT, 
	problem VARCHAR(16), 
	PRIMARY KEY (id), 
	FOREIGN KEY(site_id) REFERENCES site (id), 
	UNIQUE (site_id, host)
);
CREATE TABLE page (
	id INTEGER NOT NULL, 
	site_id INTEGER NOT NULL, 
	text VARCHAR(400) NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(site_id) REFERENCES site (id), 
	UNIQUE (site_id, text)
);
INSERT INTO "page" VALUES(1,1,'https://example.com/pricing');
CREATE TABLE place (
	id INTEGER NOT NULL, 
	country VARCHAR(2) NOT NULL, 
	subdivision VARCHAR(3) NOT NULL, 
	source VARCHAR(10) NOT NULL, 
	"database" VARCHAR(120) NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (country, subdivision, source, "database")
);
INSERT INTO "place" VALUES(1,'','','none','');
CREATE TABLE proposal (
	id INTEGER NOT NULL, 
	site_id INTEGER NOT NULL, 
	scan_id INTEGER, 
	source VARCHAR(8) NOT NULL, 
	"key" VARCHAR(64) NOT NULL, 
	state VARCHAR(9) NOT NULL, 
	tracker INTEGER, 
	fields JSON NOT NULL, 
	service JSON, 
	suggestion JSON NOT NULL, 
	evidence JSON NOT NULL, 
	percent SMALLINT NOT NULL, 
	made_at BIGINT NOT NULL, 
	decided_at BIGINT, 
	decided_by VARCHAR(320), 
	why VARCHAR(500), 
	PRIMARY KEY (id), 
	FOREIGN KEY(site_id) REFERENCES site (id), 
	UNIQUE (site_id, "key")
);
CREATE TABLE purged (
	site_id INTEGER NOT NULL, 
	day VARCHAR(10) NOT NULL, 
	count INTEGER NOT NULL, 
	PRIMARY KEY (site_id), 
	FOREIGN KEY(site_id) REFERENCES site (id)
);
CREATE TABLE record (
	site_id INTEGER NOT NULL, 
	seq BIGINT NOT NULL, 
	claimed INTEGER NOT NULL, 
	shown INTEGER, 
	notice_id INTEGER NOT NULL, 
	answer_id INTEGER, 
	rule_id INTEGER NOT NULL, 
	place_id INTEGER NOT NULL, 
	page_id INTEGER NOT NULL, 
	id BLOB NOT NULL, 
	visitor BLOB, 
	salt BLOB, 
	previous BLOB, 
	action SMALLINT NOT NULL, 
	categories SMALLINT NOT NULL, 
	language SMALLINT NOT NULL, 
	layer SMALLINT NOT NULL, 
	device SMALLINT, 
	browser SMALLINT NOT NULL, 
	signals SMALLINT NOT NULL, 
	flags SMALLINT NOT NULL, 
	services BLOB, 
	PRIMARY KEY (site_id, seq)
)
 WITHOUT ROWID

;
INSERT INTO "record" VALUES(1,1795255260000000,0,NULL,1,NULL,1,0,0,X'01A1FD8D536070018000000000000001',NULL,NULL,NULL,0,0,0,0,NULL,0,0,4,NULL);
INSERT INTO "record" VALUES(1,1795255320000000,0,NULL,1,NULL,1,1,1,X'01A1FD8E3DC070028000000000000002',X'BB66150877A8E20DCEEE6F876705E8AC',X'9EB11B49FC8580E47A37F3433EB536AE',NULL,1,20,0,1,NULL,0,0,0,NULL);
INSERT INTO "record" VALUES(1,1795255380000000,0,NULL,1,NULL,1,1,1,X'01A1FD8F282070038000000000000003',X'BB66150877A8E20DCEEE6F876705E8AC',X'BBD611857D098F5214B662C726B30715',NULL,1,20,0,1,NULL,0,0,0,NULL);
INSERT INTO "record" VALUES(1,1795255440000000,0,NULL,1,NULL,1,1,1,X'01A1FD90128070048000000000000004',X'BB66150877A8E20DCEEE6F876705E8AC',X'3DD31EAC0C8905332B519889EA722544',NULL,1,20,0,1,NULL,0,0,0,NULL);
INSERT INTO "record" VALUES(1,1795255500000000,0,NULL,1,NULL,1,1,1,X'01A1FD90FCE070058000000000000005',X'BB66150877A8E20DCEEE6F876705E8AC',X'99223E5A1B4CA1103C7E35D13EEF9177',NULL,1,20,0,1,NULL,0,0,0,NULL);
INSERT INTO "record" VALUES(1,1795255560000000,0,NULL,1,NULL,1,1,1,X'01A1FD91E74070068000000000000006',X'728954B4DC4B18DFED4955E089A36CE8',X'B8474FF588F66FA64D633164489F7725',NULL,1,20,0,1,NULL,0,0,0,NULL);
CREATE TABLE request (
	id INTEGER NOT NULL, 
	site_id INTEGER NOT NULL, 
	number VARCHAR(20) NOT NULL, 
	kind VARCHAR(12) NOT NULL, 
	contact VARCHAR(320) NOT NULL, 
	text TEXT NOT NULL, 
	record BLOB, 
	country VARCHAR(6), 
	language VARCHAR(12) NOT NULL, 
	created_at BIGINT NOT NULL, 
	due_at BIGINT NOT NULL, 
	because VARCHAR(120) NOT NULL, 
	state VARCHAR(8) NOT NULL, 
	closed_at BIGINT, 
	note TEXT, 
	PRIMARY KEY (id), 
	FOREIGN KEY(site_id) REFERENCES site (id), 
	UNIQUE (number)
);
INSERT INTO "request" VALUES(1,1,'KEPT-KEPT-KEPT','erasure','anna.kowalska@example.org','Please erase what you have of me.',NULL,'PL','en',1795255561000000,1797847561000000,'GDPR art. 12(3)','open',NULL,NULL);
CREATE TABLE retention_clock (
	id INTEGER NOT NULL, 
	trusted BIGINT, 
	held BIGINT, 
	excused BIGINT, 
	problem TEXT, 
	PRIMARY KEY (id)
);
CREATE TABLE rule (
	id INTEGER NOT NULL, 
	regime VARCHAR(12) NOT NULL, 
	regimes VARCHAR(64) NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (regime, regimes)
);
INSERT INTO "rule" VALUES(1,'FALLBACK','f79518d439a74158f9b8b67a340a0b6984ccdd485ec9f41da295e92278d2cf70');
CREATE TABLE scan (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	site_id INTEGER NOT NULL, 
	url VARCHAR(2000) NOT NULL, 
	state VARCHAR(8) NOT NULL, 
	"by" VARCHAR(320) NOT NULL, 
	asked_at BIGINT NOT NULL, 
	started_at BIGINT, 
	ended_at BIGINT, 
	beat_at BIGINT, 
	progress JSON NOT NULL, 
	summary JSON NOT NULL, 
	problem VARCHAR(16), 
	seen TEXT, 
	found JSON NOT NULL, 
	FOREIGN KEY(site_id) REFERENCES site (id)
);
CREATE TABLE scan_alert (
	id INTEGER NOT NULL, 
	site_id INTEGER NOT NULL, 
	scan_id INTEGER NOT NULL, 
	name VARCHAR(40) NOT NULL, 
	way VARCHAR(7) NOT NULL, 
	target VARCHAR(500) NOT NULL, 
	body TEXT NOT NULL, 
	state VARCHAR(7) NOT NULL, 
	tries SMALLINT NOT NULL, 
	next_at BIGINT NOT NULL, 
	problem VARCHAR(200), 
	PRIMARY KEY (id), 
	FOREIGN KEY(site_id) REFERENCES site (id)
);
CREATE TABLE scan_watch (
	site_id INTEGER NOT NULL, 
	every VARCHAR(8) NOT NULL, 
	url VARCHAR(2000) NOT NULL, 
	next_at BIGINT, 
	webhook VARCHAR(500), 
	secret VARCHAR(80), 
	email VARCHAR(320), 
	PRIMARY KEY (site_id), 
	FOREIGN KEY(site_id) REFERENCES site (id)
);
INSERT INTO "scan_watch" VALUES(1,'daily','https://example.com/',1795341961000000,'https://chat.example.net/hook','whsec_GKps3mHl1wPBASQm236iXd68yXy1fZEEZeV2BfMbsW0=','anna.kowalska@example.org');
CREATE TABLE service (
	id INTEGER NOT NULL, 
	site_id INTEGER NOT NULL, 
	"key" VARCHAR(63) NOT NULL, 
	name VARCHAR(120) NOT NULL, 
	category VARCHAR(20), 
	provider VARCHAR(120), 
	policy_url VARCHAR(500), 
	hosts JSON NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(site_id) REFERENCES site (id), 
	UNIQUE (site_id, "key")
);
INSERT INTO "service" VALUES(1,1,'crumbtrail','Crumbtrail','necessary','Example',NULL,'[]');
INSERT INTO "service" VALUES(2,1,'google-analytics','Google Analytics','statistics','Google',NULL,'["www.google-analytics.com"]');
INSERT INTO "service" VALUES(3,1,'ads','Ads','marketing','Adco',NULL,'[]');
CREATE TABLE session (
	id INTEGER NOT NULL, 
	user_id INTEGER NOT NULL, 
	token_hash VARCHAR(64) NOT NULL, 
	browser VARCHAR(60) NOT NULL, 
	created_at BIGINT NOT NULL, 
	seen_at BIGINT NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(user_id) REFERENCES account (id), 
	UNIQUE (token_hash)
);
CREATE TABLE site (
	id INTEGER NOT NULL, 
	"key" VARCHAR(63) NOT NULL, 
	name VARCHAR(120) NOT NULL, 
	controller JSON NOT NULL, 
	contacts JSON NOT NULL, 
	dpo JSON, 
	authority JSON, 
	origins JSON NOT NULL, 
	preview_hosts JSON NOT NULL, 
	cookie_domain VARCHAR(253), 
	languages JSON NOT NULL, 
	default_language VARCHAR(12) NOT NULL, 
	policy_urls JSON NOT NULL, 
	preferences BOOLEAN NOT NULL, 
	choice_lifetime JSON NOT NULL, 
	retention JSON NOT NULL, 
	layout JSON NOT NULL, 
	decided_for_demo BOOLEAN NOT NULL, 
	tag_seen_at BIGINT, 
	created_at BIGINT NOT NULL, publish_log BOOLEAN DEFAULT 0 NOT NULL, request_form BOOLEAN DEFAULT 1 NOT NULL, request_days INTEGER, integrations JSON DEFAULT '{}' NOT NULL, texts JSON DEFAULT '{}' NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE ("key")
);
INSERT INTO "site" VALUES(1,'example.com','Example','{"trading_name": "Example", "legal_name": "Example Ltd", "address": "1 Example Street, Exampleton", "email": "privacy@example.com"}','{}',NULL,NULL,'["example.com"]','[]',NULL,'["en"]','en','{}',0,'{"value": 6, "unit": "month"}','{"value": 36, "unit": "month"}','{"position": "bottom"}',0,NULL,1795255200000000,0,1,NULL,'{}','{}');
CREATE TABLE tracker (
	id INTEGER NOT NULL, 
	site_id INTEGER NOT NULL, 
	name VARCHAR(256), 
	"match" VARCHAR(10) NOT NULL, 
	kind VARCHAR(20) NOT NULL, 
	party VARCHAR(5), 
	service VARCHAR(63), 
	category VARCHAR(20), 
	published_label VARCHAR(120), 
	purpose JSON NOT NULL, 
	duration JSON, 
	reason VARCHAR(500), 
	set_by VARCHAR(120), 
	PRIMARY KEY (id), 
	FOREIGN KEY(site_id) REFERENCES site (id)
);
INSERT INTO "tracker" VALUES(1,1,'crumbtrail','exact','cookie','first','crumbtrail','necessary',NULL,'{"en": "Keeps your cookie choice.", "pl": "Zapami\u0119tuje Tw\u00f3j wyb\u00f3r dotycz\u0105cy plik\u00f3w cookie.", "fr": "Conserve votre choix en mati\u00e8re de cookies."}','{"value": 6, "unit": "month"}','Keeps the visitor''s own choice, which the law asks us to prove.',NULL);
INSERT INTO "tracker" VALUES(2,1,'crumbtrail_visitor','exact','cookie','first','crumbtrail','necessary',NULL,'{"en": "A random key with which only you can show and withdraw your choice.", "pl": "Losowy klucz, dzi\u0119ki kt\u00f3remu tylko Ty mo\u017cesz sprawdzi\u0107 i wycofa\u0107 sw\u00f3j wyb\u00f3r.", "fr": "Une cl\u00e9 al\u00e9atoire : vous seul pouvez ainsi consulter et retirer votre choix."}','{"value": 6, "unit": "month"}','Keeps the visitor''s own choice, which the law asks us to prove.',NULL);
INSERT INTO "tracker" VALUES(3,1,'crumbtrail','exact','local_storage','first','crumbtrail','necessary',NULL,'{"en": "Keeps a choice until it has reached our record; notes that you gave consent.", "pl": "Przechowuje wyb\u00f3r, zanim trafi do naszego rejestru; odnotowuje zgod\u0119.", "fr": "Conserve un choix jusqu\u2019\u00e0 son arriv\u00e9e dans notre registre ; note un accord."}','{"value": 6, "unit": "month"}','Keeps the visitor''s own choice, which the law asks us to prove.',NULL);
INSERT INTO "tracker" VALUES(4,1,'_ga','prefix','cookie',NULL,'google-analytics','statistics',NULL,'{"en": "What _ga is for."}','{"value": 13, "unit": "month"}',NULL,NULL);
INSERT INTO "tracker" VALUES(5,1,'_gid','exact','cookie',NULL,'google-analytics','statistics',NULL,'{"en": "What _gid is for."}','{"value": 13, "unit": "month"}',NULL,NULL);
INSERT INTO "tracker" VALUES(6,1,'_ad','exact','cookie',NULL,'ads','marketing',NULL,'{"en": "What _ad is for."}','{"value": 13, "unit": "month"}',NULL,NULL);
CREATE TABLE trail (
	id INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	site VARCHAR(80), 
	actor VARCHAR(320) NOT NULL, 
	verb VARCHAR(60) NOT NULL, 
	detail JSON NOT NULL, salt BLOB, 
	PRIMARY KEY (id)
);
INSERT INTO "trail" VALUES(1,1795255200000000,'example.com','test','site.add','{}',X'0488C1C41853AED6E3DBB89B8EB951CD');
INSERT INTO "trail" VALUES(2,1795255200000000,'example.com','test','service.put','{"service": "crumbtrail", "category": "necessary"}',X'C89F6B12DD91CA6AB596251BF9D9AF34');
INSERT INTO "trail" VALUES(3,1795255200000000,'example.com','test','tracker.add','{"tracker": "crumbtrail", "category": "necessary"}',X'FA2C1A4B5B7DE042E654E23836D8F48C');
INSERT INTO "trail" VALUES(4,1795255200000000,'example.com','test','tracker.add','{"tracker": "crumbtrail_visitor", "category": "necessary"}',X'A6A116AF4B57A37A534E507B3BAE2AEC');
INSERT INTO "trail" VALUES(5,1795255200000000,'example.com','test','tracker.add','{"tracker": "crumbtrail", "category": "necessary"}',X'41E4ECAFCD6E666A24DAB334A14BF1B6');
INSERT INTO "trail" VALUES(6,1795255200000000,'example.com','test','service.put','{"service": "google-analytics", "category": "statistics"}',X'71B4B7EA523CD054F8B75DEB4C8A5149');
INSERT INTO "trail" VALUES(7,1795255200000000,'example.com','test','service.put','{"service": "ads", "category": "marketing"}',X'5D7D5F20772EC63CD52B08A5141A3E22');
INSERT INTO "trail" VALUES(8,1795255200000000,'example.com','test','tracker.add','{"tracker": "_ga", "category": "statistics"}',X'66BAE59834465A5654DEC46FB56FC732');
INSERT INTO "trail" VALUES(9,1795255200000000,'example.com','test','tracker.add','{"tracker": "_gid", "category": "statistics"}',X'6B37DF77005D2D3D583F2AA7FA4CEDD3');
INSERT INTO "trail" VALUES(10,1795255200000000,'example.com','test','tracker.add','{"tracker": "_ad", "category": "marketing"}',X'FBD6FE7F32FA1D98FB9909B4ED1A1245');
INSERT INTO "trail" VALUES(11,1795255200000000,'example.com','test','notice.publish','{"version": 1, "digest": "1f4e862c5ea70c542a5ceed176daae265d876997ec976f8caa0f72abb9fbd5dc"}',X'DDCF464A08865AD62179065B9CCA2CE1');
INSERT INTO "trail" VALUES(12,1795255561000000,'example.com','visitor','request.add','{"number": "KEPT-KEPT-KEPT", "kind": "erasure"}',X'DA259DFF0A66F86C32B2EE5B7688D0CA');
INSERT INTO "trail" VALUES(13,1795255561000000,'example.com','owner@example.com','scan.watch','{"every": "daily", "url": "https://example.com/", "webhook": true, "mail": true, "fresh_secret": false}',X'F12443220783ADB998BAAEFED27A3201');
INSERT INTO "trail" VALUES(14,1795255561000000,NULL,'cli','user.add','{"user": "owner@example.com"}',NULL);
INSERT INTO "trail" VALUES(15,1795255561000000,NULL,'cli','key.create','{"key": "9b9cdcc4feb1", "label": "kept", "sites": ["example.com"]}',NULL);
INSERT INTO "trail" VALUES(16,1795255561000000,'example.com','cli','record.erase','{"count": 1}',X'FB67A04FB0E78F8A5F69CF0C92E73489');
CREATE TABLE waiting (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	site VARCHAR(80) NOT NULL, 
	seq BIGINT NOT NULL, 
	kind SMALLINT NOT NULL, 
	body BLOB NOT NULL
);
CREATE UNIQUE INDEX record_by_id ON record (site_id, id);
CREATE INDEX record_by_visitor ON record (site_id, visitor);
CREATE INDEX record_of_tests ON record (seq) WHERE flags & 2 != 0;
CREATE INDEX trail_by_site ON trail (site, id);
CREATE INDEX ix_session_user_id ON session (user_id);
CREATE INDEX ix_tracker_site_id ON tracker (site_id);
CREATE INDEX log_tile_by_most ON log_tile (log_id, most) WHERE level = 0;
CREATE INDEX request_by_site ON request (site_id, state, due_at);
CREATE INDEX inventory_version_by_site ON inventory_version (site_id, id);
CREATE INDEX scan_by_site ON scan (site_id, id);
CREATE INDEX scan_by_state ON scan (state);
CREATE INDEX proposal_by_state ON proposal (site_id, state);
CREATE INDEX scan_alert_by_state ON scan_alert (state, next_at);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('waiting',31);
INSERT INTO "sqlite_sequence" VALUES('inventory_version',9);
COMMIT;
