import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { syntheticImages } from '@tempered/data';
import { createModel, toStateDict } from '@tempered/models';
import { type PthValue, writePth } from '@tempered/tensors';
import { loadEngine } from '@tempered/tensors/node';
import { Command } from 'commander';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { fetchCommand } from './cli-fetch-teacher.js';
import { fetchTeacher } from './fetch-teacher.js';
import { listenForSignals } from './interruption.js';
import { createOutput } from './output.js';
import { downloadSize, TEACHER_SOURCES, type TeacherSource } from './teacher-sources.js';
import { fakeWorld } from './testing/fake-world.js';

const model = createModel('resnet56', { numClasses: 100 });
const weights = model.init(3);
/** As RepDistiller saves it. */
const pth = writePth(
  new Map<string, PthValue>([
    ['epoch', 240],
    ['model', toStateDict(model, weights)],
    ['accuracy', 72.34],
  ]),
);

let cache: string;
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'tempered-fetch-'));
});
afterEach(() => rm(cache, { recursive: true, force: true }));

/** A server on the loopback for one test, and how many requests it got. */
async function serve(answer: RequestListener): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url!);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const sends =
  (bytes: Uint8Array): RequestListener =>
  (_, response) =>
    void response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
const dead: RequestListener = (_, response) => void response.writeHead(404).end('gone');

const plain = (url: string): TeacherSource => ({
  name: 'server',
  about: 'a server',
  dataset: 'cifar100',
  classes: 100,
  url: () => `${url}/ckpt.pth`,
});
const archived = (url: string): TeacherSource => ({
  ...plain(url),
  name: 'archive',
  url: () => `${url}/all.tar`,
  member: () => 'all/resnet56/ckpt.pth',
});

/** A tar archive of one file. */
function tar(path: string, content: Uint8Array): Buffer {
  const header = Buffer.alloc(512);
  header.write(path, 0);
  header.write('0000644\0', 100);
  header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('        0', 148);
  header.write('ustar\x0000', 257);
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  );
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512), Buffer.alloc(1024)]);
}

const fetching = (sources: TeacherSource[], more: { sha256?: string } = {}) =>
  fetchTeacher({ model: 'resnet56', sources, cache, signal: new AbortController().signal, limits: { attempts: 1 }, ...more });

test('a file comes from the first source that has it, and once', async () => {
  const gone = await serve(dead);
  const there = await serve(sends(pth));
  const sources = [archived(gone.url), plain(there.url)];
  const { path, origin } = await fetching(sources);
  expect(origin).toBe(`${there.url}/ckpt.pth`);
  expect(existsSync(path)).toBe(true);
  await fetching([plain(there.url)]);
  expect(there.asked).toEqual(['/ckpt.pth']);
});

test('an archive is fetched once for all teachers in it', async () => {
  const { url, asked } = await serve(sends(tar('all/resnet56/ckpt.pth', pth)));
  const { path, origin } = await fetching([archived(url)]);
  expect(origin).toBe(`all/resnet56/ckpt.pth in ${url}/all.tar`);
  await rm(path);
  await fetching([archived(url)]);
  expect(asked).toEqual(['/all.tar']);
  expect((await readdir(join(cache, 'teachers', 'archive'))).sort()).toEqual(['all.tar', 'cifar100-resnet56.pth']);
});

test('where no source gives it, the error says what each answered and the two other ways', async () => {
  const { url } = await serve(dead);
  const page = await serve((_, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'));
  const call = fetching([archived(url), plain(page.url), plain('http://127.0.0.1:9')]);
  await expect(call).rejects.toThrow(/answers 404[\s\S]*text\/html[\s\S]*no connection/);
  await expect(call).rejects.toThrow("'tempered teachers import FILE --model resnet56 --dataset cifar100'");
  await expect(call).rejects.toThrow("'tempered teachers train resnet56 --dataset cifar100'");
  expect(await readdir(join(cache, 'teachers', 'archive'))).toEqual([]);
});

test('an archive without the file, one that is none, and one that is too large are not kept', async () => {
  const huge: RequestListener = (_, response) => void response.writeHead(200, { 'content-length': 600_000_000 }).write('x');
  for (const answer of [sends(tar('all/resnet20/ckpt.pth', pth)), sends(Buffer.alloc(5000, 7)), huge]) {
    const { url } = await serve(answer);
    await expect(fetching([archived(url)])).rejects.toThrow(/not in the archive|cannot be read|at most \d+ are taken/);
    expect(await readdir(join(cache, 'teachers', 'archive'))).toEqual([]);
  }
});

test('a file of another checksum than was asked for is not kept', async () => {
  const { url } = await serve(sends(pth));
  await expect(fetching([plain(url)], { sha256: 'a'.repeat(64) })).rejects.toThrow(/SHA-256 [\da-f]{64}, not a{64}/);
  expect(await readdir(join(cache, 'teachers', 'server'))).toEqual([]);
});

const { train, test: testImages } = syntheticImages({ classes: 100, trainPerClass: 1, testPerClass: 1 });
const about = { dataset: 'cifar100', source: 'made up', trainImages: 100, testImages: 100, fingerprint: 'made up' };
const images = { train, test: testImages, about };

async function run(argv: string[], sources: readonly TeacherSource[] = TEACHER_SOURCES) {
  const world = fakeWorld({ openImages: async () => images });
  const output = createOutput(false, world.stdout, world.stderr);
  const interruptions = listenForSignals(() => undefined, world.signals);
  let failure: unknown;
  const command = fetchCommand(async (action) => {
    await action({ output, interruptions, services: world.services }).catch((error: unknown) => (failure = error));
  }, sources);
  await new Command().addCommand(command.exitOverride()).parseAsync(['fetch', ...argv], { from: 'user' });
  interruptions.dispose();
  return { text: world.out(), failure: failure as Error | undefined };
}

test('the command lists addresses, sizes and published accuracies, and knows which names there are', async () => {
  const { text } = await run([]);
  expect(text).toContain('cifar_teachers.tar');
  expect(text).toMatch(/resnet56 +72\.34 % +about +3\.5 MB +http:\/\/shape2prog/);
  expect(text).toMatch(/ResNet50 +79\.34 % +about 182\.\d MB +https:/);
  expect(downloadSize(TEACHER_SOURCES[1]!, 'resnet32x4')).toBeGreaterThan(29e6);
  expect((await run(['resnet57'])).failure?.message).toContain("did you mean 'resnet56'?");
  expect((await run(['resnet56', '--sha256', 'abc'])).failure?.message).toContain('64 hexadecimal digits');
});

test('the command measures what it fetched and takes weights of another accuracy out of the cache again', async () => {
  await loadEngine();
  process.env.TEMPERED_CACHE = cache;
  onTestFinished(() => void delete process.env.TEMPERED_CACHE);
  const { url } = await serve(sends(pth));
  const { failure } = await run(['resnet56', '--out', join(cache, 'out')], [plain(url)]);
  expect(failure?.message).toMatch(/of 100 test images, where 72\.34 % were published; it is not kept/);
  expect(existsSync(join(cache, 'out', 'teachers'))).toBe(false);
  expect(await readdir(join(cache, 'teachers', 'server'))).toEqual([]);
});
