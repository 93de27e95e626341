/** Packs layers as an OCI image archive (image-spec 1.1, one platform), the form that kind, minikube, k3d, ctr and skopeo load. */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { type TarEntry, tar } from './tar.ts';

export interface Layer {
  readonly compressed: Buffer;
  /** Digest of the tar before compression. */
  readonly diffId: string;
}

interface ImageConfig {
  readonly User?: string;
  readonly Entrypoint: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>>;
}

export interface Image {
  /** `repository:tag`; a name without a registry host means docker.io/library, as container runtimes read it. */
  readonly name: string;
  readonly layers: readonly Layer[];
  readonly config: ImageConfig;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

const MEDIA = 'application/vnd.oci.image';
const ARCHITECTURE: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

export function layer(entries: readonly TarEntry[]): Layer {
  const archive = tar(entries);
  return { compressed: gzipSync(archive, { level: 6 }), diffId: sha256(archive) };
}

/** The archive's bytes. */
export function ociArchive(image: Image): Buffer {
  const blobs = new Map<string, Buffer>();
  const put = (mediaType: string, data: Buffer): Descriptor => {
    const digest = sha256(data);
    blobs.set(digest, data);
    return { mediaType, digest, size: data.length };
  };
  const layers = image.layers.map((one) => put(`${MEDIA}.layer.v1.tar+gzip`, one.compressed));
  const config = put(`${MEDIA}.config.v1+json`, json(imageConfig(image)));
  const manifest = put(
    `${MEDIA}.manifest.v1+json`,
    json({ schemaVersion: 2, mediaType: `${MEDIA}.manifest.v1+json`, config, layers }),
  );
  const index = {
    schemaVersion: 2,
    mediaType: `${MEDIA}.index.v1+json`,
    manifests: [{ ...manifest, annotations: names(image.name) }],
  };
  const files: [string, Buffer][] = [
    ['oci-layout', json({ imageLayoutVersion: '1.0.0' })],
    ['index.json', json(index)],
    ...[...blobs].map(([digest, data]): [string, Buffer] => [`blobs/${digest.replace(':', '/')}`, data]),
  ];
  return tar(files.map(([path, data]) => ({ kind: 'file', path, mode: 0o644, data })));
}

function imageConfig(image: Image): object {
  return {
    created: '1970-01-01T00:00:00Z',
    architecture: ARCHITECTURE[process.arch] ?? process.arch,
    os: 'linux',
    config: image.config,
    rootfs: { type: 'layers', diff_ids: image.layers.map((one) => one.diffId) },
  };
}

function names(name: string): Record<string, string> {
  return {
    'io.containerd.image.name': qualified(name),
    'org.opencontainers.image.ref.name': name.slice(name.lastIndexOf(':') + 1),
  };
}

/** The name under which a container runtime looks an image up. */
export function qualified(name: string): string {
  const [first = '', ...rest] = name.split('/');
  const hasHost = rest.length > 0 && (first.includes('.') || first.includes(':') || first === 'localhost');
  if (hasHost) return name;
  return rest.length > 0 ? `docker.io/${name}` : `docker.io/library/${name}`;
}

const json = (value: object) => Buffer.from(JSON.stringify(value));
const sha256 = (data: Buffer) => `sha256:${createHash('sha256').update(data).digest('hex')}`;
