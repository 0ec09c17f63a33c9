package dev.ratoon.cache.share;

/** What came of wanting to put a base on a share. */
public sealed interface Claim {
  /** It is there. */
  record There() implements Claim {}

  /** This host is about it already. */
  record HeldHere() implements Claim {}

  /** Another host is about it, and alive as far as can be seen. */
  record HeldByOther() implements Claim {}

  /** It is there, and about to leave. */
  record Leaving() implements Claim {}

  /** It is for this host to bring it. */
  record Taken(Lease lease) implements Claim {}
}
