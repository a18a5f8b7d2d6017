//! People other than makers and agents: mentors who guide artisans, helpers whom they hire, riders
//! who fetch parcels, and how somebody comes to be one, by being asked and saying yes. And what kiosks
//! do besides checking: they pay cash numbers.

mod cash;
mod cash_desk;
mod helper;
mod invitations;
mod locks;
mod mentor;
mod names;
mod record;
mod rider;
mod stuck;
