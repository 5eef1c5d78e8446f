import ipaddr from "ipaddr.js";

/** A host, as a URL or a header writes it, that only this machine reaches. */
export const isLoopbackHost = (host: string): boolean => {
  const bare = host.replace(/^\[|\]$/g, "").toLowerCase();
  if (bare === "localhost" || bare.endsWith(".localhost")) return true;
  return ipaddr.isValid(bare) && ipaddr.process(bare).range() === "loopback";
};

/** The part of IPv6 that is handed out for the internet (IANA, "IPv6 Global Unicast Address Assignments"). */
const assigned = ipaddr.IPv6.parseCIDR("2000::/3");

/**
 * Whether the address belongs to the public internet: no private network, no link-local, no metadata service, and
 * none of the forms in which IPv6 carries such an IPv4 address (`::10.0.0.1`, NAT64, 6to4).
 */
export const isPublicAddress = (text: string): boolean => {
  if (!ipaddr.isValid(text)) return false;
  const address = ipaddr.process(text);
  if (address.range() !== "unicast") return false;
  return address.kind() === "ipv4" || (address as ipaddr.IPv6).match(assigned);
};
