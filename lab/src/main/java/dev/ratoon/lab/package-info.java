/** To be described. */
@NullMarked
package dev.ratoon.lab;

import org.jspecify.annotations.NullMarked;
