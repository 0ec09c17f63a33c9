/**
 * Real hosts on one machine, as tests use them: {@link dev.ratoon.lab.Fleet} starts and kills them,
 * {@link dev.ratoon.lab.RatoonHost} runs Ratoon on one as a user would, by its command line.
 */
@NullMarked
package dev.ratoon.lab;

import org.jspecify.annotations.NullMarked;
