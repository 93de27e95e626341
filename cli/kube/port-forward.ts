/** A port of a pod as a port of this machine, through the API server, while something is asked there. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { Writable } from 'node:stream';
import { UserError } from '#cli/user-error';
import { type ClusterOptions, kubeConfigOf } from './cluster.ts';

export interface PodPort {
  readonly namespace: string;
  readonly pod: string;
  readonly port: number;
}

/** `use` is given the URL. Throws UserError when the pod cannot be reached: then that is why `use` failed. */
export async function throughPod<T>(
  { namespace, pod, port }: PodPort,
  options: ClusterOptions,
  use: (url: string) => Promise<T>,
): Promise<T> {
  const { PortForward } = await import('@kubernetes/client-node');
  const forward = new PortForward(await kubeConfigOf(options));
  const open = new DisposableStack();
  let failure: string | undefined;
  const server = createServer((socket) => {
    const fail = (reason: string): void => {
      failure ??= reason;
      socket.destroy();
    };
    open.defer(() => socket.destroy());
    socket.on('error', () => {});
    forward.portForward(namespace, pod, [port], socket, saying(fail), socket).then(
      (tunnel) => {
        if (typeof tunnel === 'function') return;
        // To close it politely waits half a minute for a server that says nothing.
        open.defer(() => tunnel.terminate());
        tunnel.addEventListener('close', () => socket.end());
      },
      (error: unknown) => fail(reasonOf(error)),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } catch (error) {
    if (failure === undefined) throw error;
    throw new UserError(`Pod ${namespace}/${pod} cannot be reached through the API server: ${failure}.`, {
      cause: error,
    });
  } finally {
    open.dispose();
    server.close();
  }
}

/** What the kubelet says of a connection that it could not make; the first frame of that stream holds no text. */
const saying = (tell: (text: string) => void): Writable =>
  new Writable({
    write(chunk, _encoding, done) {
      const text = String(chunk).trim();
      if (text !== '') tell(text);
      done();
    },
  });

/** An event of a WebSocket has its reason in `message`. */
const reasonOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
