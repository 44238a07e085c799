#!/usr/bin/env node
'use strict';
// The door to every command: plain JavaScript for any Node >= 18. It installs what is missing, then
// hands over to the Node 24 that the project brings along.

const { spawn, spawnSync } = require('node:child_process');
const { existsSync, mkdirSync, readFileSync, rmSync, statSync } = require('node:fs');
const path = require('node:path');

const root = path.resolve(__dirname, '..', '..');
const modules = path.join(root, 'node_modules');
const node = path.join(modules, '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');

/** What `npm <script>` runs on Node 24, by the first argument. Anything else is a verb of the CLI. */
const tools = {
  test: () => [vitest(), 'run'],
  check: () => [path.join(root, 'services', 'events', 'check.ts')],
  bench: () => [path.join(root, 'test', 'bench', 'main.ts')],
  faults: () => [path.join(root, 'test', 'faults', 'main.ts')],
  kafka: () => [path.join(root, 'infra', 'kafka', 'start.ts')],
};

function vitest() {
  return path.join(modules, 'vitest', 'vitest.mjs');
}

function say(line) {
  process.stderr.write(`${line}\n`);
}

function fail(line) {
  say(`tollbook: ${line}`);
  process.exit(1);
}

/** npm keeps what it installed in node_modules/.package-lock.json: compare that with the lock file. */
function installed() {
  const found = path.join(modules, '.package-lock.json');
  if (!existsSync(node) || !existsSync(found)) return false;
  const wanted = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')).packages;
  const have = JSON.parse(readFileSync(found, 'utf8')).packages;
  return Object.entries(wanted).every(
    ([name, entry]) =>
      name === '' || entry.optional || entry.devOptional || have[name]?.version === entry.version,
  );
}

/** Two first starts at once must not install over each other. */
function withInstallLock(work) {
  const lock = path.join(root, '.install-lock');
  for (let waited = 0; ; waited += 1) {
    try {
      mkdirSync(lock);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (waited === 0) say('tollbook: another process is installing; waiting for it');
    const old = statSync(lock, { throwIfNoEntry: false });
    if (old !== undefined && Date.now() - old.mtimeMs > 10 * 60_000)
      rmSync(lock, { recursive: true, force: true });
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
  }
  const release = () => rmSync(lock, { recursive: true, force: true });
  process.once('exit', release);
  try {
    work();
  } finally {
    release();
  }
}

function install() {
  if (installed()) return;
  say('tollbook: installing its packages (npm ci), once; this takes half a minute');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const result = spawnSync(npm, args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (result.error)
    fail(`npm could not be run (${result.error.code}): install Node.js with npm, 18 or newer`);
  if (result.status !== 0)
    fail('npm ci failed, see above: check the network and the free disk space, then try again');
  if (!existsSync(node)) {
    fail(
      'the package "node" did not install its binary: allow install scripts for it (see allowScripts in package.json), then remove node_modules and try again',
    );
  }
}

function main(argv) {
  if (Number(process.versions.node.split('.')[0]) < 18)
    fail(`Node ${process.version} is too old: 18 or newer is needed`);
  if (!installed()) withInstallLock(install);
  const [name = 'help', ...rest] = argv;
  const tool = tools[name];
  const command =
    tool === undefined
      ? [path.join(root, 'services', 'cli', 'main.ts'), ...argv]
      : [...tool(), ...rest];
  const env = {
    ...process.env,
    PATH: `${path.join(modules, '.bin')}${path.delimiter}${process.env.PATH ?? ''}`,
    KAFKAJS_NO_PARTITIONER_WARNING: '1',
  };
  const inRoot = tool !== undefined;
  const child = spawn(node, command, { stdio: 'inherit', env, cwd: inRoot ? root : process.cwd() });
  // The terminal sends Ctrl-C to the whole group: the child decides when it is done.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on('error', (error) => fail(`Node 24 could not be started (${error.code})`));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 1);
  });
}

main(process.argv.slice(2));
