/** Run before the tests: makes sure that a real kube-apiserver and etcd are there, and says so in one line. Their absence fails only in CI. */
import { API_SERVER_BINARIES, ensureBinaries } from './kube-binaries.ts';

try {
  console.log(`kube-apiserver and etcd: ${await ensureBinaries(API_SERVER_BINARIES)}`);
} catch (error) {
  const reason = error instanceof Error ? error.message : String(error);
  console.warn(`WARNING: tests that need a real API server will be skipped: ${reason}`);
  process.exitCode = process.env.CI === 'true' ? 1 : 0;
}
