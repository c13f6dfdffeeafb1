// The documents and the tree agree: the map of ARCHITECTURE.md, the direction of dependencies in src/CMakeLists.txt, links,
// and paths that the documents mention. Starts no server.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const repository = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const inRepository = (name) => path.join(repository, name);
const read = (name) => readFileSync(inRepository(name), 'utf8');
const exists = (name) => existsSync(inRepository(name));
const isFolder = (name) => exists(name) && statSync(inRepository(name)).isDirectory();

const NOT_OURS = new Set(['.git', 'build', 'data', 'node_modules']);

/** Every file under a folder, relative to the repository; what is built or fetched left out. */
function filesUnder(folder) {
  return readdirSync(inRepository(folder), { withFileTypes: true }).flatMap((entry) => {
    if (NOT_OURS.has(entry.name)) return [];
    const name = path.posix.join(folder, entry.name);
    return entry.isDirectory() ? filesUnder(name) : [name];
  });
}

const sources = filesUnder('src').filter((name) => /\.(cc|h)$/.test(name));
const sourceFolders = [...new Set(sources.map((name) => path.posix.dirname(name)))]
  .filter((name) => name !== 'src').sort();
const documents = filesUnder('.').filter((name) => name.endsWith('.md'));

/** The top-level folders of the repository, as git knows them; nothing where this is no clone. */
function trackedTopLevelFolders() {
  try {
    const listed = execFileSync('git', ['ls-files', '-z'], { cwd: repository, stdio: ['ignore', 'pipe', 'ignore'] });
    const names = listed.toString().split('\0').filter((name) => name.includes('/'));
    return [...new Set(names.map((name) => name.split('/')[0]))];
  } catch {
    return [];
  }
}

const withoutFences = (markdown) => markdown.replace(/^```[\s\S]*?^```/gm, '').replace(/<!--[\s\S]*?-->/g, '');
const codeSpans = (markdown) => [...markdown.matchAll(/`([^`\n]+)`/g)].map(([, text]) => text);

describe('the map of ARCHITECTURE.md', () => {
  const text = read('ARCHITECTURE.md');
  const mapped = [...text.matchAll(/^\| `([^`]+\/)` \|/gm)].map(([, name]) => name.replace(/\/$/, ''));

  test('has a line for every folder of src/', () => {
    assert.ok(sourceFolders.length > 10);
    assert.deepEqual(sourceFolders.filter((name) => !mapped.includes(name)), []);
  });

  test('has a line for every folder at the top of the repository', () => {
    const topLevel = trackedTopLevelFolders();
    assert.deepEqual(topLevel.filter((name) => !mapped.includes(name)), []);
  });

  test('names no folder twice and none that does not exist', () => {
    assert.deepEqual(mapped.filter((name, index) => mapped.indexOf(name) !== index), []);
    const named = codeSpans(withoutFences(text)).filter((span) => /^[\w./-]+\/$/.test(span) && !span.startsWith('/'));
    assert.deepEqual(named.filter((name) => !isFolder(name)), []);
  });

  test('names every folder of src/ in the line about the direction', () => {
    const line = text.split('\n').find((candidate) => candidate.startsWith('base ←'));
    const words = line.split(/[^\w]+/);
    const topFolders = new Set(sourceFolders.map((name) => name.split('/')[1]));
    assert.deepEqual([...topFolders].filter((name) => !words.includes(name)), []);
  });
});

describe('the direction of dependencies', () => {
  const uses = new Map();
  const cmake = read('src/CMakeLists.txt').replace(/#.*$/gm, '');
  for (const [, folder, rest] of cmake.matchAll(/kriya_library\(\s*([\w/]+)([^)]*)\)/g)) {
    const words = rest.split(/\s+/).filter(Boolean);
    const start = words.indexOf('USES') + 1;
    const end = words.indexOf('LINKS') < 0 ? words.length : words.indexOf('LINKS');
    uses.set(folder, start === 0 ? [] : words.slice(start, end));
  }

  /** The folder itself and all that it may include, however indirectly. */
  function reachable(folder, seen = new Set()) {
    if (seen.has(folder)) return seen;
    seen.add(folder);
    for (const other of uses.get(folder) ?? []) reachable(other, seen);
    return seen;
  }

  test('every folder of src/ is one library and uses libraries only', () => {
    assert.deepEqual([...uses.keys()].map((folder) => `src/${folder}`).sort(), sourceFolders);
    assert.deepEqual([...uses.values()].flat().filter((folder) => !uses.has(folder)), []);
  });

  test('has no circle', () => {
    const circles = [...uses].flatMap(([folder, others]) =>
      others.filter((other) => reachable(other).has(folder)).map((other) => `${folder} → ${other} → … → ${folder}`));
    assert.deepEqual(circles, []);
  });

  test('nothing uses cli, and only cli uses app', () => {
    const users = (wanted) => [...uses].filter(([, others]) => others.includes(wanted)).map(([folder]) => folder);
    assert.deepEqual(users('cli'), []);
    assert.deepEqual(users('app'), ['cli']);
  });

  test('every include stays within what its folder uses', () => {
    const wrong = [];
    let seen = 0;
    for (const file of sources.filter((name) => path.posix.dirname(name) !== 'src')) {
      const folder = path.posix.relative('src', path.posix.dirname(file));
      const allowed = reachable(folder);
      for (const [, included] of read(file).matchAll(/^\s*#\s*include\s+"([^"]+)"/gm)) {
        seen += 1;
        if (!allowed.has(path.posix.dirname(included))) wrong.push(`${file} includes ${included}`);
      }
    }
    assert.ok(seen > 100);
    assert.deepEqual(wrong, []);
  });

  test('foreign libraries stay in their folders', () => {
    const homes = {
      'boost/beast': 'http/server', 'openssl/': 'crypto', 'phonenumbers/': 'phone', 'sqlite3.h': 'storage/sqlite',
      'spdlog/': 'telemetry', 'CLI/': 'cli', 'histedit.h': 'cli', 'hiredis/': 'storage/ephemeral', 'boost/asio/ssl': 'storage/ephemeral',
      'curl/': 'http/client',
    };
    const wrong = [];
    for (const file of sources.filter((name) => name !== 'src/main.cc')) {
      for (const [, included] of read(file).matchAll(/^\s*#\s*include\s+<([^>]+)>/gm)) {
        for (const [library, home] of Object.entries(homes)) {
          if (!included.startsWith(library) || path.posix.dirname(file) === `src/${home}`) continue;
          wrong.push(`${file} includes ${included}`);
        }
      }
    }
    assert.deepEqual(wrong, []);
  });
});

describe('the documents', () => {
  test('are all there', () => {
    const wanted = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', 'LICENSE'];
    assert.deepEqual(wanted.filter((name) => !exists(name)), []);
  });

  /** The anchor that GitHub makes of a heading. */
  const anchor = (heading) => heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '').trim().replace(/\s/g, '-');

  test('link to files and headings that exist', () => {
    const broken = [];
    for (const document of documents) {
      for (const [, target] of withoutFences(read(document)).matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^[a-z]+:/.test(target)) continue;
        const [file, fragment] = target.split('#');
        const name = file === '' ? document : path.posix.join(path.posix.dirname(document), file);
        if (!exists(name)) broken.push(`${document}: ${target}`);
        else if (fragment !== undefined) {
          const anchors = [...withoutFences(read(name)).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchor(heading));
          if (!anchors.includes(fragment)) broken.push(`${document}: ${target}`);
        }
      }
    }
    assert.deepEqual(broken, []);
  });

  test('mention no path of the repository that does not exist', () => {
    const ours = new Set(readdirSync(repository).filter((name) => !NOT_OURS.has(name) && isFolder(name)));
    const missing = [];
    for (const document of documents) {
      for (const span of codeSpans(withoutFences(read(document)))) {
        for (const word of span.split(/\s+/)) {
          if (!/^[\w.-]+\/[\w./-]*\w\/?$/.test(word) || word.split('/').some((part) => NOT_OURS.has(part))) continue;
          const beside = path.posix.join(path.posix.dirname(document), word);
          if (ours.has(word.split('/')[0]) && !exists(word) && !exists(beside)) missing.push(`${document}: ${word}`);
        }
      }
    }
    assert.deepEqual(missing, []);
  });

  test('name no place outside of the repository where it was written', () => {
    const pages = [...documents, '.env.example', ...filesUnder('deploy')];
    assert.deepEqual(pages.filter((name) => /\/(work|root|tmp)\//.test(read(name))), []);
  });

  test('decisions are numbered without gaps and short', () => {
    const decisions = filesUnder('docs/adr').sort();
    decisions.forEach((name, index) => {
      assert.match(path.posix.basename(name), new RegExp(`^${String(index + 1).padStart(4, '0')}-[a-z0-9.-]+\\.md$`));
      assert.ok(read(name).trimEnd().split('\n').length <= 40, `${name} is longer than 40 lines`);
    });
  });

  test('.env.example has every variable, and only those', () => {
    const documented = [...read('docs/configuration.md').matchAll(/^\| `([A-Z_]+)`/gm)].map(([, name]) => name);
    const lines = read('.env.example').split('\n').filter(Boolean);
    const examples = lines.flatMap((line) => line.match(/^#([A-Z_]+)=/)?.[1] ?? []);
    assert.deepEqual(examples.sort(), documented.sort());
    assert.deepEqual(lines.filter((line) => !line.startsWith('#')), [], 'an unchanged copy must change nothing');
  });
});
