import type { Customer as SdkCustomer } from "google-ads-api";
import { Failure } from "../../domain/failure.ts";

/** What goes over the wire for one query. */
export interface StreamRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface StreamQuery {
  readonly customerId: string;
  /** The manager through which access is granted; absent where access is direct. */
  readonly loginCustomerId?: string | undefined;
  readonly developerToken?: string | undefined;
  readonly accessToken: string;
  readonly query: string;
  /** Scheme, host and port in place of Google's own. */
  readonly endpoint: string;
}

/** The SDK's private builder of REST requests. Its public calls buffer whole answers and swallow late errors. */
interface Seam {
  prepareGoogleAdsServicePostRequestArgs?: (
    call: string,
    accessToken: string,
    extra: object,
  ) => { readonly url: string; readonly headers: Record<string, string | undefined> };
}

const sdk = "google-ads-api 24.1.0";
const changed = (what: string): Failure =>
  new Failure({
    kind: "request",
    platform: "google",
    message: `the installed google-ads-api ${what}`,
    remedy: `install exactly ${sdk}, the version that costper was made for`,
  });

// The SDK takes about a second and 190 MB to load: only once something is really asked of Google.
const loaded: { customer?: Promise<typeof SdkCustomer> } = {};
const load = (): Promise<typeof SdkCustomer> =>
  (loaded.customer ??= import("google-ads-api").then(({ Customer }) => {
    const seam = Customer?.prototype as unknown as Seam | undefined;
    if (typeof seam?.prepareGoogleAdsServicePostRequestArgs !== "function")
      throw changed("no longer builds REST requests the way costper relies on");
    return Customer;
  }));

/**
 * Builds a `googleAds:searchStream` request as the SDK would send it, so that API version, path and headers come
 * from the pinned SDK. The SDK sees the access token and no other secret.
 * @throws Failure `request` where the installed SDK is not the one this relies on.
 */
export const buildStreamRequest = async (asked: StreamQuery): Promise<StreamRequest> => {
  const Customer = await load();
  const customer = new Customer(
    {
      client_id: "",
      client_secret: "",
      developer_token: asked.developerToken ?? "",
      disable_parsing: true,
    },
    {
      customer_id: asked.customerId,
      refresh_token: "",
      ...(asked.loginCustomerId === undefined ? {} : { login_customer_id: asked.loginCustomerId }),
    },
  ) as unknown as Required<Seam>;
  const built = customer.prepareGoogleAdsServicePostRequestArgs("searchStream", asked.accessToken, {});
  const { pathname } = new URL(built.url);
  if (!/^\/v\d+\/customers\/\d+\/googleAds:searchStream$/.test(pathname))
    throw changed("builds another path than searchStream's");
  const headers = Object.entries(built.headers).flatMap(([name, value]) =>
    value ? [[name, value] as const] : [],
  );
  return {
    url: asked.endpoint + pathname,
    headers: { ...Object.fromEntries(headers), "content-type": "application/json" },
    body: JSON.stringify({ query: asked.query }),
  };
};

/** The address of `customers:listAccessibleCustomers`, which the SDK offers over gRPC only, in the SDK's API version. */
export const accessibleCustomersUrl = async (endpoint: string): Promise<string> => {
  const { url } = await buildStreamRequest({ customerId: "0", accessToken: "", query: "", endpoint });
  return url.replace(/\/customers\/0\/googleAds:searchStream$/, "/customers:listAccessibleCustomers");
};
