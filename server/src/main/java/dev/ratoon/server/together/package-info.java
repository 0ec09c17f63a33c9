/**
 * Several servers on one database: who of them is on, what they tell each other, and who takes up
 * what one has left.
 */
@NullMarked
package dev.ratoon.server.together;

import org.jspecify.annotations.NullMarked;
