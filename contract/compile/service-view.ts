/** What the compiler knows of a Service that an AIProvider names: its ports, and who is ready behind each. */

/** Endpoints of one port that a policy has room for. */
export const MOST_ENDPOINTS = 256;

export interface ServicePort {
  /** Empty where the Service has only one. */
  readonly name: string;
  readonly port: number;
  /** `host:port` of each ready endpoint, IPv6 in brackets; sorted, none twice, at most `MOST_ENDPOINTS`. */
  readonly ready: readonly string[];
  /** Ready ones that there was no room for. */
  readonly cut: number;
}

export interface ServiceView {
  /** The host that it is another name for; it has no endpoints then. */
  readonly externalName?: string;
  /** In the order of the Service; TCP only. */
  readonly ports: readonly ServicePort[];
}
