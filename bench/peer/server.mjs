// The peer: c15t's consent back end, self-hosted as its documentation says (Kysely adapter, a
// handler on Node's HTTP). PORT is where it listens; SQLITE is a file, otherwise PGHOST, PGUSER and
// PGDATABASE name a PostgreSQL. `node server.mjs migrate` makes the tables and ends.
//
// Kysely expects better-sqlite3, whose program is fetched from a host that is no registry when it is
// installed. Node's own SQLite stands in: it is as synchronous, and two methods differ in shape.

import { c15tInstance } from '@c15t/backend';
import { kyselyAdapter } from '@c15t/backend/db/adapters/kysely';
import { migrator } from '@c15t/backend/db/migrator';
import { DB } from '@c15t/backend/db/schema';
import { serve } from '@hono/node-server';
import { Kysely, PostgresDialect, SqliteDialect } from 'kysely';
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';

const file = process.env.SQLITE;

function sqlite() {
  const database = new DatabaseSync(file);
  // Acknowledged means on disk, as it does for ours and for PostgreSQL.
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 10000');
  const prepare = (sql) => {
    const statement = database.prepare(sql);
    return {
      reader: statement.columns().length > 0,
      all: (values) => statement.all(...values),
      run: (values) => statement.run(...values),
      iterate: (values) => statement.iterate(...values),
    };
  };
  return new SqliteDialect({ database: { prepare, close: () => database.close() } });
}

const db = new Kysely({ dialect: file ? sqlite() : new PostgresDialect({ pool: new pg.Pool() }) });
const adapter = kyselyAdapter({ db, provider: file ? 'sqlite' : 'postgresql' });

if (process.argv[2] === 'migrate') {
  const found = await migrator({ db: DB.client(adapter), schema: 'latest' });
  await found?.execute?.();
  await db.destroy();
} else {
  const c15t = c15tInstance({
    appName: 'bench',
    basePath: '/api/c15t',
    trustedOrigins: ['https://example.com', 'example.com'],
    adapter,
    logger: { level: 'error' },
    telemetry: { enabled: false },
  });
  serve({ fetch: c15t.handler, hostname: '127.0.0.1', port: Number(process.env.PORT) });
}
