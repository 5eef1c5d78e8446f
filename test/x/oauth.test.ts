import { expect, test } from "vitest";
import { authorization, percentEncoded, queryOf } from "../../src/connectors/x/oauth.ts";

const signatureIn = (header: string): string =>
  decodeURIComponent(/oauth_signature="([^"]+)"/.exec(header)?.[1] ?? "");

test("signs as the contract's vector says", () => {
  const header = authorization({
    method: "GET",
    url: "https://ads-api.x.com/12/stats/accounts/acc1demo",
    parameters: {
      entity: "CAMPAIGN",
      entity_ids: "cmp01,cmp02",
      start_time: "2026-03-01T00:00:00-08:00",
      end_time: "2026-03-08T00:00:00-08:00",
      granularity: "DAY",
      placement: "ALL_ON_TWITTER",
      metric_groups: "ENGAGEMENT,BILLING",
    },
    credentials: { consumerKey: "ck", consumerSecret: "cs", accessToken: "at", accessTokenSecret: "ts" },
    nonce: "abc123",
    epochSeconds: 1_772_700_000,
  });
  expect(signatureIn(header)).toBe("y+fKR3fRyL0yvNRkCUS7YCU/Orw=");
});

test("signs as X's own page on creating a signature shows", () => {
  const header = authorization({
    method: "POST",
    url: "https://api.x.com/1.1/statuses/update.json",
    parameters: {
      status: "Hello Ladies + Gentlemen, a signed OAuth request!",
      include_entities: "true",
    },
    credentials: {
      consumerKey: "xvz1evFS4wEEPTGEFPHBog",
      consumerSecret: "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
      accessToken: "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
      accessTokenSecret: "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
    },
    nonce: "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg",
    epochSeconds: 1_318_622_958,
  });
  expect(signatureIn(header)).toBe("Ls93hJiZbQ3akF3HF3x1Bz8/zU4=");
});

test("encodes what encodeURIComponent leaves, and a space never as a plus", () => {
  expect(percentEncoded("a!b'c(d)e*f,g:h i+j~k-l.m_n")).toBe("a%21b%27c%28d%29e%2Af%2Cg%3Ah%20i%2Bj~k-l.m_n");
  expect(queryOf({ b: "x y", a: "1,2" })).toBe("a=1%2C2&b=x%20y");
});
