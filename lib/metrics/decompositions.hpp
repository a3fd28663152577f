// Factors of dense matrices. Decompositions of Eigen take longer to compile than a whole room, so they stand in one
// file.
#pragma once

#include <Eigen/Core>

namespace gdm::metrics {

/// R with R R^T = S for a symmetric S of n x n with eigenvalues >= 0: its eigenvectors times the square roots of its
/// eigenvalues. Eigenvalues within rounding of zero count as zero. Throws Error if they do not converge.
Eigen::MatrixXd square_root_factor(const Eigen::Ref<const Eigen::MatrixXd>& s);

/// L with L L^T = S for a symmetric S of n x n with eigenvalues >= 0, by Cholesky's method; S may be singular. A tenth
/// of the work of square_root_factor, with half of its digits where S is singular.
Eigen::MatrixXd cholesky_factor(const Eigen::MatrixXd& s);

/// The eigenvalues of a symmetric S of n x n, ascending. Throws Error if they do not converge.
Eigen::VectorXd symmetric_eigenvalues(const Eigen::MatrixXd& s);

/// The singular values of any matrix, descending.
Eigen::VectorXd singular_values(const Eigen::MatrixXd& matrix);

}  // namespace gdm::metrics
