/**
 * What the queue does with its keys, as commands that are well formed and write nothing: the key holds text, so that all
 * but a few go wrong by its type. A test compares them with BullMQ's scripts.
 */
export const onKey: readonly string[] = `
  exists KEY, get KEY, pttl KEY, type KEY, persist KEY, unlink KEY, pexpire KEY 5000, pexpireat KEY 1, rename KEY KEY,
  set KEY probe px 5000, incr KEY, incrby KEY 1,
  hget KEY f, hmget KEY f, hgetall KEY, hexists KEY f, hlen KEY, hset KEY f 1, hmset KEY f 1, hincrby KEY f 1, hdel KEY f,
  llen KEY, lindex KEY 0, lrange KEY 0 1, lpos KEY v, lpush KEY v, rpush KEY v, lpop KEY, rpop KEY, lrem KEY 0 v,
  lset KEY 0 v, ltrim KEY 0 1, rpoplpush KEY KEY,
  sadd KEY v, srem KEY v, scard KEY, sismember KEY v, smembers KEY,
  zadd KEY 1 v, zrem KEY v, zcard KEY, zcount KEY 0 1, zlexcount KEY - +, zscore KEY v, zrange KEY 0 1, zrevrange KEY 0 1,
  zrangebyscore KEY 0 1, zrevrangebyscore KEY 1 0, zrangebylex KEY - +, zremrangebyrank KEY 0 0,
  zremrangebyscore KEY 0 0, zpopmin KEY, bzpopmin KEY 0.01,
  xadd KEY * f v, xdel KEY 1-1, xlen KEY, xrange KEY - +, xread streams KEY 0, xtrim KEY maxlen 1`
  .split(",")
  .map((command) => command.trim());

const onNone = ["time", "evalsha ffffffffffffffffffffffffffffffffffffffff 0", "multi", "exec"] as const;

/** Each as its words. */
export const neededCommands = (key: string): string[][] => [
  ...onKey.map((command) => command.split(" ").map((word) => (word === "KEY" ? key : word))),
  ["eval", "return 1", "0"],
  ...onNone.map((command) => command.split(" ")),
];
