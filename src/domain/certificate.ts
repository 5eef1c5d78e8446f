/** What Node says of a server's certificate that it does not trust, in words. */
const words: Readonly<Record<string, string>> = {
  SELF_SIGNED_CERT_IN_CHAIN: "is signed by an authority that this machine does not know",
  DEPTH_ZERO_SELF_SIGNED_CERT: "is signed by itself",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "is signed by an authority that this machine does not know",
  UNABLE_TO_GET_ISSUER_CERT: "is signed by an authority that this machine does not know",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "is signed by an authority that this machine does not know",
  CERT_UNTRUSTED: "is signed by an authority that this machine does not trust",
  CERT_SIGNATURE_FAILURE: "is not signed by the authority that it names",
  CERT_HAS_EXPIRED: "has expired",
  CERT_NOT_YET_VALID: "is not valid yet",
  CERT_REVOKED: "was revoked",
  ERR_TLS_CERT_ALTNAME_INVALID: "belongs to another host",
};

/** What is wrong with the certificate (`has expired`), or undefined where the error is another one. */
export const certificateFault = (error: unknown): string | undefined =>
  words[String((error as { code?: unknown } | undefined)?.code)];

/** Whether a file of the authority's certificates would mend it. */
export const isUnknownAuthority = (error: unknown): boolean =>
  /authority|itself/.test(certificateFault(error) ?? "");
