// The store on PostgreSQL: pg with its pool (10 connections a process, its default) and named, so prepared, statements.

import pg from 'pg';

const INT8 = 20;
pg.types.setTypeParser(INT8, Number); // token_version
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });
pool.on('error', (error) => console.error(error.message)); // an idle connection was lost

const statement = (name, text) => (...values) => ({ name, text, values });
const sql = {
  addUser: statement('add_user',
    'INSERT INTO users VALUES ($1, $2, $3, $4, $5, $6, $7, $7) ON CONFLICT (phone_number) DO NOTHING'),
  userByPhone: statement('user_by_phone', 'SELECT * FROM users WHERE phone_number = $1'),
  userById: statement('user_by_id', 'SELECT * FROM users WHERE id = $1'),
  addToken: statement('add_token', 'INSERT INTO issued_tokens VALUES ($1, $2, $3, $4, $5, $6, $7)'),
  revoke: statement('revoke', 'UPDATE users SET token_version = token_version + 1, updated_at = $2 WHERE id = $1'),
};

async function one(query) {
  const user = (await pool.query(query)).rows[0];
  return user && { ...user, created_at: user.created_at.toISOString().replace(/\.\d+Z$/, 'Z') };
}

export const userByPhone = (phone) => one(sql.userByPhone(phone));
export const userById = (id) => one(sql.userById(id));
export const revoke = (id, now) => pool.query(sql.revoke(id, now));

/** Writes the new user, if one is given, and the token's trail; false if another request took the number meanwhile. */
export async function enrol(user, trail) {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const taken = user && !(await client.query(sql.addUser(user.id, user.phone_number, user.first_name, user.last_name,
      user.email, user.token_version, user.created_at))).rowCount;
    if (!taken) {
      await client.query(sql.addToken(trail.id, trail.user_id, trail.hash.digest('hex'), trail.issued_at,
        trail.expires_at, trail.address, trail.user_agent));
    }
    await client.query('COMMIT');
    return !taken;
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  } finally {
    client.release();
  }
}
