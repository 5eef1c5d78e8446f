import { Agent as HttpAgent, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { Socket } from "node:net";
import { connect as tlsConnect, type ConnectionOptions } from "node:tls";
import { Failure } from "../../domain/failure.ts";
import { isLoopbackHost } from "../../domain/hosts.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** As curl reads it: names match themselves and what is below them, `*` matches all, a port may be named. */
const isExempt = (url: URL, exemptions: string): boolean => {
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return exemptions
    .split(/[\s,]+/)
    .filter(Boolean)
    .some((entry) => {
      if (entry === "*") return true;
      const [, name = "", only] = /^(\[.*\]|[^:]*)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? [];
      const bare = name.replace(/^\*?\./, "");
      return (
        bare !== "" &&
        (only === undefined || only === port) &&
        (url.hostname === bare || url.hostname.endsWith(`.${bare}`))
      );
    });
};

/**
 * The proxy for an address by HTTPS_PROXY, HTTP_PROXY and NO_PROXY, small letters first. This machine itself is
 * reached directly, unless the proxy runs on it too: then both mean the same machine by the name.
 * @throws Failure `request` where the variable holds no address.
 */
export const proxyOf = (url: URL, environment: Environment = process.env): URL | undefined => {
  const variable = url.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY";
  const text = (environment[variable.toLowerCase()] ?? environment[variable] ?? "").trim();
  if (text === "") return undefined;
  if (isExempt(url, environment["no_proxy"] ?? environment["NO_PROXY"] ?? "")) return undefined;
  const address = text.includes("://") ? text : `http://${text}`;
  const proxy = URL.canParse(address) ? new URL(address) : undefined;
  if (proxy && /^https?:$/.test(proxy.protocol))
    return isLoopbackHost(url.hostname) && !isLoopbackHost(proxy.hostname) ? undefined : proxy;
  throw new Failure({
    kind: "request",
    message: `${variable} holds no http or https address`,
    remedy: `set ${variable} to http://HOST:PORT, or name the host in NO_PROXY`,
  });
};

/** A proxy that does not open a tunnel within this time is given up. */
const tunnelMs = 30_000;

const refused = (proxy: URL, said: string): Failure =>
  new Failure({
    kind: "transient",
    code: "proxy",
    message: `the proxy ${proxy.host} ${said}`,
    remedy: "check HTTPS_PROXY, its user and password, and what it lets through",
  });

const openTunnel = (proxy: URL, host: string, port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const send = proxy.protocol === "https:" ? httpsRequest : httpRequest;
    const { username, password } = proxy;
    const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    const authority = `${host.includes(":") ? `[${host}]` : host}:${String(port)}`;
    const request = send({
      host: proxy.hostname.replace(/^\[|\]$/g, ""),
      port: proxy.port || (proxy.protocol === "https:" ? 443 : 80),
      method: "CONNECT",
      path: authority,
      agent: false,
      timeout: tunnelMs,
      headers: {
        host: authority,
        ...(username === ""
          ? {}
          : { "proxy-authorization": `Basic ${Buffer.from(credentials).toString("base64")}` }),
      },
    });
    request.once("connect", ({ statusCode = 0 }, socket) => {
      if (statusCode >= 200 && statusCode < 300) return resolve(socket as Socket);
      socket.destroy();
      reject(refused(proxy, `opens no tunnel to ${host} (it answered ${String(statusCode)})`));
    });
    request.once("response", (response) => {
      response.destroy();
      reject(refused(proxy, `answered ${String(response.statusCode)}`));
    });
    request.once("timeout", () => request.destroy(refused(proxy, "does not answer")));
    request.on("error", (error: NodeJS.ErrnoException) =>
      reject(
        error instanceof Failure ? error : refused(proxy, `cannot be reached (${error.code ?? "closed"})`),
      ),
    );
    request.end();
  });

type Connect = (
  options: ConnectionOptions & { readonly host: string; readonly port: number },
  handOver: (error: Error | null, socket?: Socket) => void,
) => void;

/** An agent whose connections lead through the proxy; TLS, where there is any, is with the host behind it. */
const tunnelling = (proxy: URL, secure: boolean): HttpAgent => {
  const agent = secure ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true });
  const createConnection: Connect = (options, handOver) => {
    openTunnel(proxy, options.host, options.port).then(
      (socket) => handOver(null, secure ? tlsConnect({ ...options, socket }) : socket),
      (error: Error) => handOver(error),
    );
  };
  return Object.assign(agent, { createConnection });
};

const agents = new Map<string, HttpAgent>();

/** The agent for an address, by the environment; `alone`: with connections that nobody else uses. */
export const agentFor = (url: URL, alone = false): HttpAgent | false => {
  const proxy = proxyOf(url);
  if (!proxy && alone) return false;
  const key = `${url.protocol} ${proxy?.href ?? ""}`;
  let agent = agents.get(key);
  if (!agent) {
    const secure = url.protocol === "https:";
    const direct = () => (secure ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true }));
    agents.set(key, (agent = proxy ? tunnelling(proxy, secure) : direct()));
  }
  return agent;
};
