//! People other than makers and agents: mentors who guide artisans, riders who fetch parcels, and
//! how somebody comes to be one, by being asked and saying yes.

mod invitations;
mod mentor;
mod rider;
mod stuck;
