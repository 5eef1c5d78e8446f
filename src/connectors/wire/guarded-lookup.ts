import { lookup } from "node:dns";
import type { LookupFunction } from "node:net";
import ipaddr from "ipaddr.js";
import { isLoopbackHost, isPublicAddress } from "../../domain/hosts.ts";

/** The code of a refused address. */
export const privateAddress = "private_address";

const isLoopbackAddress = (address: string): boolean => ipaddr.process(address).range() === "loopback";

/**
 * Looks a name up while connecting and refuses a private address: a name's address can change at any time. An address
 * in the URL itself is never looked up.
 */
export const guardedLookup =
  (allowPrivate: boolean): LookupFunction =>
  (host, options, done) => {
    lookup(host, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return done(error, "");
      const allowed = isLoopbackHost(host) ? isLoopbackAddress : isPublicAddress;
      const first = addresses[0];
      if (first === undefined || (!allowPrivate && !addresses.every(({ address }) => allowed(address))))
        return done(Object.assign(new Error(), { code: privateAddress }), "");
      if (options.all === true) done(null, addresses);
      else done(null, first.address, first.family);
    });
  };
