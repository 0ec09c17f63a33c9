/** From a bare machine to ten running VMs in one command, and back. */
@NullMarked
package dev.ratoon.app.quickstart;

import org.jspecify.annotations.NullMarked;
