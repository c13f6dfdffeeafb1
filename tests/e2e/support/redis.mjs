// A Redis server of its own that keeps nothing on disk.
import { folderOf, freePort, Service } from './service.mjs';

export async function startRedis() {
  const port = await freePort();
  const folder = folderOf('nobody');
  const settings = ['--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no'];
  const command = ['redis-server', '--port', String(port), ...settings];
  const redis = new Redis({ name: 'redis-server', command, port, folder });
  return redis.start();
}

class Redis extends Service {
  #next = 0;

  /** REDIS_URL of one of its 16 databases, another one each time. */
  nextUrl() {
    return `redis://127.0.0.1:${this.port}/${this.#next++ % 16}`;
  }
}
