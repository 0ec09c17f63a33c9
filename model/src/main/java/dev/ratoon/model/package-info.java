/**
 * The words of Ratoon as types: ids, specifications, states, operations and errors that every
 * module speaks. No I/O, no dependency but the JDK, no behaviour beyond validating what a value may
 * be.
 */
@NullMarked
package dev.ratoon.model;

import org.jspecify.annotations.NullMarked;
