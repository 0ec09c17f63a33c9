/**
 * The whole life of VMs on a lab fleet with faults: operations drawn from a seed ({@link
 * dev.ratoon.lab.life.LifeLabTest}), and every part killed at moments spread over an operation
 * ({@link dev.ratoon.lab.life.KillPointsLabTest}). What guests must contain is kept outside of
 * everything that is tested, in {@link dev.ratoon.lab.life.LifeModel}.
 */
@NullMarked
package dev.ratoon.lab.life;

import org.jspecify.annotations.NullMarked;
