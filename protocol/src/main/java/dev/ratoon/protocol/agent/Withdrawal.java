package dev.ratoon.protocol.agent;

import dev.ratoon.model.DiskId;

/**
 * A base that is about to leave a share. From now on the host begins nothing new on it, and says
 * whether anything stands on it; see {@link WithdrawalReport}.
 *
 * @param order names this withdrawal: one that is asked for again has another name
 * @param step grows with all that is newly asked of this host within an order
 * @param remove whether all hosts have promised that nothing stands on it, and this one is to
 *     remove it
 */
public record Withdrawal(DiskId base, String order, int step, boolean remove) {}
