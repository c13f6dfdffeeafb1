-- People, known by their phone number, and the audit trail of the tokens that they were given.
--
-- The Python service that Kriya replaces kept its people in a table `users` of its own. Its exact columns are not known,
-- so it is taken over liberally; what comes out has the same columns as a new table, and any further ones. Rows that
-- cannot be taken over stop the migration, and nothing is changed.

DO $take_over$
DECLARE
  users_table constant oid := to_regclass(quote_ident(current_schema()) || '.users');
  -- The columns, how they may be found, what they become, and which rows can follow.
  -- An integer id n becomes 00000000-0000-0000-0000-<n in hexadecimal>; tokens that name n are read the same way.
  -- A time without a zone is UTC, which is the transaction's time zone.
  plan constant text[][] := ARRAY[
    ['id', 'uuid', 'uuid', 'id', 'id IS NOT NULL', 'have none'],
    ['id', 'integer', 'uuid', $x$('00000000-0000-0000-0000-' || lpad(to_hex(id::bigint), 12, '0'))::uuid$x$,
     'id BETWEEN 0 AND 281474976710655', 'have none, or one outside 0 to 281474976710655'],
    ['id', 'text', 'uuid', $x$regexp_replace(lower(btrim(id::text)), '^urn:uuid:|[{}-]', '', 'g')::uuid$x$,
     $x$regexp_replace(lower(btrim(id::text)), '^urn:uuid:|[{}-]', '', 'g') ~ '^[0-9a-f]{32}$'$x$,
     'have none, or one that is no UUID'],
    ['phone_number', 'text', 'text',
     $x$regexp_replace(regexp_replace(phone_number::text, '[ .()-]', '', 'g'), '^(tel:[+]?|00)', '+')$x$,
     $x$regexp_replace(regexp_replace(phone_number::text, '[ .()-]', '', 'g'), '^(tel:[+]?|00)', '+')
        ~ '^[+][1-9][0-9]{7,14}$'$x$,
     'have none, or one that is not E.164 (like +14155550123)'],
    ['first_name', 'text', 'text', $x$coalesce(first_name::text, '')$x$, 'true', ''],
    ['last_name', 'text', 'text', $x$nullif(last_name::text, '')$x$, 'true', ''],
    ['email', 'text', 'text', $x$nullif(email::text, '')$x$, 'true', ''],
    ['token_version', 'integer', 'bigint', 'coalesce(token_version, 0)::bigint', 'true', ''],
    ['created_at', 'time', 'timestamptz', 'coalesce(created_at::timestamptz, updated_at::timestamptz, now())',
     $x$coalesce(created_at::timestamptz, now()) BETWEEN '0001-01-01' AND '9999-12-31'$x$,
     'are outside the years 1 to 9999'],
    ['updated_at', 'time', 'timestamptz', 'coalesce(updated_at::timestamptz, created_at::timestamptz, now())',
     $x$coalesce(updated_at::timestamptz, now()) BETWEEN '0001-01-01' AND '9999-12-31'$x$,
     'are outside the years 1 to 9999']];
  problems    text[] := '{}';
  conversions text[] := '{}';
  ours        int2[];
  id_number   int2;
  phone       int2;
  it          record;
  step        text[];
  bad         record;
  names       text;
BEGIN
  IF users_table IS NULL THEN
    RETURN;  -- a new database
  END IF;
  IF NOT EXISTS (SELECT FROM pg_class WHERE oid = users_table AND relkind = 'r')
     OR 2 <> (SELECT count(*) FROM pg_attribute
              WHERE attrelid = users_table AND attname IN ('id', 'phone_number') AND NOT attisdropped) THEN
    RAISE EXCEPTION USING MESSAGE = 'The database has a relation users that is no table with the columns id and '
      'phone_number, so it belongs to another program. Give Kriya a database of its own; nothing was changed.';
  END IF;
  LOCK TABLE users IN ACCESS EXCLUSIVE MODE;
  ALTER TABLE users
    ADD COLUMN IF NOT EXISTS first_name text, ADD COLUMN IF NOT EXISTS last_name text,
    ADD COLUMN IF NOT EXISTS email text, ADD COLUMN IF NOT EXISTS token_version bigint,  -- missing in an older version
    ADD COLUMN IF NOT EXISTS created_at timestamptz, ADD COLUMN IF NOT EXISTS updated_at timestamptz;

  -- What each column is, whether every row can follow, and how.
  FOR it IN
    SELECT column_.attname AS name, column_.attnum AS number, format_type(column_.atttypid, column_.atttypmod) AS type,
           CASE WHEN base.typname = 'uuid' THEN 'uuid'
                WHEN base.typname IN ('int2', 'int4', 'int8') THEN 'integer'
                WHEN base.typname IN ('timestamptz', 'timestamp', 'date') THEN 'time'
                WHEN base.typcategory = 'S' THEN 'text'
           END AS kind
    FROM pg_attribute column_
    JOIN pg_type given ON given.oid = column_.atttypid
    JOIN pg_type base ON base.oid = coalesce(nullif(given.typbasetype, 0), given.oid)
    WHERE column_.attrelid = users_table AND NOT column_.attisdropped
      AND column_.attname IN ('id', 'phone_number', 'first_name', 'last_name', 'email', 'token_version', 'created_at',
                              'updated_at')
    ORDER BY column_.attnum
  LOOP
    ours := ours || it.number;
    IF it.name = 'id' THEN id_number := it.number; END IF;
    IF it.name = 'phone_number' THEN phone := it.number; END IF;
    step := NULL;
    FOR i IN 1 .. array_length(plan, 1) LOOP
      IF plan[i][1] = it.name AND plan[i][2] = it.kind THEN
        step := ARRAY[plan[i][3], plan[i][4], plan[i][5], plan[i][6]];
      END IF;
    END LOOP;
    IF step IS NULL THEN
      problems := problems || format('users.%s is of type %s, which is not known to hold it', it.name, it.type);
      CONTINUE;
    END IF;
    conversions := conversions || format('ALTER COLUMN %I TYPE %s USING %s', it.name, step[1], step[2]);

    EXECUTE format('SELECT count(*) AS many, string_agg(id, '', '' ORDER BY place) FILTER (WHERE place <= 5) AS ids '
                   'FROM (SELECT coalesce(id::text, ''NULL'') AS id, row_number() OVER (ORDER BY id) AS place '
                   'FROM users WHERE (%s) IS NOT TRUE) AS bad', step[3]) INTO bad;
    IF bad.many > 0 THEN
      problems := problems || format('users.%s: %s rows %s; their ids: %s%s', it.name, bad.many, step[4], bad.ids,
                                     CASE WHEN bad.many > 5 THEN ', ...' ELSE '' END);
    ELSIF it.name IN ('id', 'phone_number') THEN
      EXECUTE format('SELECT count(*) AS many, string_agg(id, '', '' ORDER BY place) FILTER (WHERE place <= 5) AS ids '
                     'FROM (SELECT id::text AS id, row_number() OVER (ORDER BY spelling, id) AS place '
                     'FROM (SELECT id, %1$s AS spelling, count(*) OVER (PARTITION BY %1$s) AS same FROM users) AS all_ '
                     'WHERE same > 1) AS bad', step[2]) INTO bad;
      IF bad.many > 0 THEN
        problems := problems || format('users.%s: %s rows have one that another row has too; their ids: %s%s', it.name,
                                       bad.many, bad.ids, CASE WHEN bad.many > 5 THEN ', ...' ELSE '' END);
      END IF;
    END IF;

    IF it.name = 'id' AND it.kind <> 'uuid' THEN
      SELECT string_agg(format('%s (%s)', conrelid::regclass, conname), ', ' ORDER BY conname) INTO names
      FROM pg_constraint WHERE contype = 'f' AND confrelid = users_table AND it.number = ANY (confkey);
      IF names IS NOT NULL THEN
        problems := problems || format('users.id is of type %s and has to become uuid, but other tables refer to it by a '
                                       'foreign key: %s; drop these first', it.type, names);
      END IF;
    END IF;
  END LOOP;
  IF problems <> '{}' THEN
    RAISE EXCEPTION USING MESSAGE = 'The table users cannot be taken over as it is. Correct this, then run kriya migrate '
      'again; nothing was changed.' || E'\n  ' || array_to_string(problems, E'\n  ');
  END IF;

  -- Defaults first: they need not fit the new types. Then one pass over the rows, which fires no trigger.
  FOR it IN SELECT attname AS name FROM pg_attribute WHERE attrelid = users_table AND attnum = ANY (ours) LOOP
    EXECUTE format('ALTER TABLE users ALTER COLUMN %I DROP IDENTITY IF EXISTS', it.name);
    EXECUTE format('ALTER TABLE users ALTER COLUMN %I DROP EXPRESSION IF EXISTS', it.name);
    EXECUTE format('ALTER TABLE users ALTER COLUMN %I DROP DEFAULT', it.name);
  END LOOP;
  EXECUTE 'ALTER TABLE users ' || array_to_string(conversions, ', ');

  -- A deferrable constraint is none for ON CONFLICT and foreign keys.
  FOR it IN
    SELECT conname AS name FROM pg_constraint
    WHERE conrelid = users_table AND (contype = 'p' AND (conkey <> ARRAY[id_number] OR condeferrable)
                                      OR contype = 'u' AND conkey = ARRAY[phone] AND condeferrable)
  LOOP
    EXECUTE format('ALTER TABLE users DROP CONSTRAINT %I', it.name);
  END LOOP;
  IF NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = users_table AND contype = 'p') THEN
    ALTER TABLE users ADD PRIMARY KEY (id);
  END IF;
  IF NOT EXISTS (SELECT FROM pg_index
                 WHERE indrelid = users_table AND indisunique AND indimmediate AND indisvalid AND indnkeyatts = 1
                   AND indkey[0] = phone AND indpred IS NULL) THEN
    ALTER TABLE users ADD UNIQUE (phone_number);
  END IF;
  ALTER TABLE users
    ALTER COLUMN phone_number SET NOT NULL, ALTER COLUMN first_name SET NOT NULL,
    ALTER COLUMN last_name DROP NOT NULL, ALTER COLUMN email DROP NOT NULL,
    ALTER COLUMN token_version SET NOT NULL, ALTER COLUMN token_version SET DEFAULT 0,
    ALTER COLUMN created_at SET NOT NULL, ALTER COLUMN updated_at SET NOT NULL;

  -- Two people may have one name or e-mail address, which nobody has proven.
  FOR it IN
    SELECT index_.indexrelid::regclass AS name, conname AS constraint_name
    FROM pg_index index_ LEFT JOIN pg_constraint ON conindid = index_.indexrelid AND conrelid = users_table
    WHERE index_.indrelid = users_table AND index_.indisunique
      AND NOT EXISTS (SELECT FROM unnest(index_.indkey::int2[]) AS key
                      WHERE key <> 0 AND (key <> ALL (ours) OR key IN (id_number, phone)))
      AND (0 <> ALL (index_.indkey::int2[])
           OR NOT EXISTS (SELECT FROM pg_depend
                          WHERE objid = index_.indexrelid AND refobjid = users_table AND refobjsubid > 0
                            AND (refobjsubid <> ALL (ours) OR refobjsubid IN (id_number, phone))))
  LOOP
    IF it.constraint_name IS NULL THEN
      EXECUTE format('DROP INDEX %s', it.name);
    ELSE
      EXECUTE format('ALTER TABLE users DROP CONSTRAINT %I', it.constraint_name);
    END IF;
  END LOOP;

  -- Columns of other making stay, but must do without a value in new rows.
  FOR it IN
    SELECT attname AS name FROM pg_attribute
    WHERE attrelid = users_table AND attnum > 0 AND NOT attisdropped AND attnum <> ALL (ours)
      AND attnotnull AND NOT atthasdef AND attidentity = ''
  LOOP
    EXECUTE format('ALTER TABLE users ALTER COLUMN %I DROP NOT NULL', it.name);
  END LOOP;

  -- The proof: two new people of one name go in, and out again.
  BEGIN
    FOR i IN 1 .. 2 LOOP
      INSERT INTO users (id, phone_number, first_name, last_name, email, token_version, created_at, updated_at)
      VALUES (md5(random()::text)::uuid, '+99900000000000' || i, 'A', 'B', 'c@example.com', 0, now(), now())
      ON CONFLICT (phone_number) DO NOTHING;
    END LOOP;
    SET CONSTRAINTS ALL IMMEDIATE;
    RAISE EXCEPTION USING ERRCODE = 'KR001', MESSAGE = 'undo';
  EXCEPTION
    WHEN SQLSTATE 'KR001' THEN NULL;
    WHEN OTHERS THEN
      RAISE EXCEPTION USING MESSAGE = 'The table users cannot be taken over: it refuses new rows (' || SQLERRM ||
        '). Drop the rule or trigger that does so, then run kriya migrate again; nothing was changed.';
  END;
END
$take_over$;

CREATE TABLE IF NOT EXISTS users (
  id            uuid PRIMARY KEY,          -- UUIDv7
  phone_number  text NOT NULL UNIQUE,      -- E.164
  first_name    text NOT NULL,
  last_name     text,
  email         text,                      -- as typed by the person: never proven
  token_version bigint NOT NULL DEFAULT 0, -- tokens of an older version are revoked
  created_at    timestamptz NOT NULL,
  updated_at    timestamptz NOT NULL
);

CREATE TABLE issued_tokens (
  id             uuid PRIMARY KEY,         -- the token's jti
  user_id        uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  token_hash     text NOT NULL,            -- SHA-256, hexadecimal; the token itself is never stored
  issued_at      timestamptz NOT NULL,
  expires_at     timestamptz NOT NULL,     -- swept some time after
  client_address text NOT NULL,
  user_agent     text NOT NULL
);

CREATE INDEX issued_tokens_by_user ON issued_tokens (user_id);
CREATE INDEX issued_tokens_by_expiry ON issued_tokens (expires_at);
