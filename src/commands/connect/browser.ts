import { spawn } from "node:child_process";

/** The system's own way to open an address; undefined where no browser can be expected. */
const opener = (env: NodeJS.ProcessEnv): readonly [command: string, ...args: string[]] | undefined => {
  if (process.platform === "darwin") return ["open"];
  if (process.platform === "win32") return ["rundll32", "url.dll,FileProtocolHandler"];
  return env["DISPLAY"] || env["WAYLAND_DISPLAY"] ? ["xdg-open"] : undefined;
};

/** Opens the address in the person's browser, where there is one; a failure is none: the address is printed too. */
export const openBrowser = (address: string, env: NodeJS.ProcessEnv): void => {
  const [command, ...args] = opener(env) ?? [];
  if (command === undefined) return;
  const child = spawn(command, [...args, address], { stdio: "ignore", detached: true });
  child.on("error", () => undefined);
  child.unref();
};
