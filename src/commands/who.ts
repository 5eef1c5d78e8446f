import { userInfo } from "node:os";

/** Who sits at the command line, for what is kept of decisions; null where the system has no name for the user. */
export const userName = (): string | null => {
  try {
    return userInfo().username || null;
  } catch {
    return null;
  }
};
