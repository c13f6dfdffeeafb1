// nginx and HAProxy in front of several kriya, from the project's own examples in deploy/: only their ports and paths
// are replaced, so that it is the examples that are tested.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';

import { folderOf, freePort, inRepository, Service } from './service.mjs';

/** Replaces the occurrences one by one; there must be as many as there are replacements. */
function replaceEach(text, pattern, replacements) {
  const found = [...text.matchAll(pattern)].length;
  assert.equal(found, replacements.length, `${pattern} in the example`);
  let next = 0;
  return text.replaceAll(pattern, () => replacements[next++]);
}

/** The example with these instances in it, listening on `port` of 127.0.0.1. */
function example(name, instances, port) {
  const text = readFileSync(inRepository(`deploy/${name}`), 'utf8');
  const servers = instances.map((kriya) => `127.0.0.1:${kriya.port}`);
  const [listening] = text.match(/^ *(listen 80;|bind :80)$/m);
  return replaceEach(text, /127\.0\.0\.1:800\d/g, servers).replace(
    listening,
    listening.replace(/:?80/, ` 127.0.0.1:${port}`),
  );
}

/** What `send` and `call` take in place of a kriya: the door to all of them. */
class LoadBalancer extends Service {
  constructor(service, instances) {
    super(service);
    this.settings = { HOST: '127.0.0.1' };
    this.apiKey = instances[0].apiKey;
    this.openapi = () => instances[0].openapi();
    this.agent = new http.Agent({ keepAlive: true, maxSockets: 500 });
  }

  async remove() {
    this.agent.destroy();
    await super.remove();
  }
}

/** nginx with deploy/nginx-cluster.conf before three instances. */
export async function startNginx(instances, t) {
  const port = await freePort();
  const folder = folderOf('nobody');
  const site = path.join(folder, 'kriya.conf');
  writeFileSync(site, example('nginx-cluster.conf', instances, port).replaceAll('/var/log/nginx', folder));
  const main = path.join(folder, 'nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  writeFileSync(
    main,
    `daemon off;
worker_processes 2;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log warn;
events { worker_connections 2048; }
http {
${temporary.map((name) => `  ${name}_temp_path ${folder}/${name};`).join('\n')}
  include ${site};
}
`,
  );
  const command = ['nginx', '-p', folder, '-e', path.join(folder, 'error.log'), '-c', main];
  const nginx = new LoadBalancer({ name: 'nginx', command, port, folder, signal: 'SIGTERM' }, instances);
  t.after(() => nginx.remove());
  return nginx.start();
}

/** HAProxy with deploy/haproxy.cfg before three instances. */
export async function startHaproxy(instances, t) {
  const port = await freePort();
  const folder = folderOf('nobody');
  const main = path.join(folder, 'global.cfg');
  const site = path.join(folder, 'kriya.cfg');
  writeFileSync(main, 'global\n  log stdout format raw local0\n  maxconn 2000\n');
  writeFileSync(site, example('haproxy.cfg', instances, port));
  const command = ['haproxy', '-db', '-f', main, '-f', site];
  const haproxy = new LoadBalancer({ name: 'haproxy', command, port, folder }, instances);
  t.after(() => haproxy.remove());
  return haproxy.start();
}
