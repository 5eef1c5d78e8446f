import { googleAdsVersion } from "google-ads-api/build/src/version.js";

/**
 * Of Google's SDK only the number of its API version is loaded: the rest of it brings gRPC, 180 MB and a second, for
 * one address and three headers. The tests hold this file against the whole of it.
 */
const call = (endpoint: string, path: string): string => `${endpoint}/${googleAdsVersion}/${path}`;

export const searchStreamUrl = (endpoint: string, customerId: string): string =>
  call(endpoint, `customers/${customerId}/googleAds:searchStream`);

/** Accounts to which the user was added directly ("List accessible accounts"). */
export const accessibleCustomersUrl = (endpoint: string): string =>
  call(endpoint, "customers:listAccessibleCustomers");

/** Who asks: the user by the access token, and the manager through which access is granted, where it is not direct. */
export const callHeaders = (caller: {
  readonly accessToken: string;
  readonly developerToken?: string | undefined;
  readonly loginCustomerId?: string | undefined;
}): Readonly<Record<string, string>> => ({
  authorization: `Bearer ${caller.accessToken}`,
  ...(caller.developerToken ? { "developer-token": caller.developerToken } : {}),
  ...(caller.loginCustomerId ? { "login-customer-id": caller.loginCustomerId } : {}),
});
