//! Patchline's engine: graph to schedule to plan, rendered without allocating.
