package dev.ratoon.disk.identity;

/**
 * Which disk a file is, as far as is known. There is deliberately nothing that both kinds have:
 * what needs to be certain takes a {@link Confirmed}, and nobody else can make one.
 */
public sealed interface Identity permits Confirmed, Unconfirmed {}
