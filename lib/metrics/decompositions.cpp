#include "metrics/decompositions.hpp"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <Eigen/SVD>
#include <cmath>
#include <limits>

#include "sys/error.hpp"

namespace gdm::metrics {
namespace {

using Eigen::MatrixXd, Eigen::VectorXd;
using SymmetricSolver = Eigen::SelfAdjointEigenSolver<MatrixXd>;

void check(const SymmetricSolver& solver) {
  if (solver.info() != Eigen::Success) throw Error("the eigenvalues of a feature covariance did not converge");
}

}  // namespace

MatrixXd square_root_factor(const Eigen::Ref<const MatrixXd>& s) {
  const SymmetricSolver solver(s);
  check(solver);
  const double noise = solver.eigenvalues().cwiseAbs().maxCoeff() * static_cast<double>(s.rows()) *
                       std::numeric_limits<double>::epsilon();
  const VectorXd roots = solver.eigenvalues().unaryExpr([noise](double v) { return v > noise ? std::sqrt(v) : 0.0; });
  return solver.eigenvectors() * roots.asDiagonal();
}

MatrixXd cholesky_factor(const MatrixXd& s) {
  const Eigen::LLT<MatrixXd> llt(s);
  if (llt.info() == Eigen::Success) return llt.matrixL();
  const Eigen::LDLT<MatrixXd> ldlt(s);
  const VectorXd roots = ldlt.vectorD().cwiseMax(0.0).cwiseSqrt();
  const MatrixXd lower = MatrixXd(ldlt.matrixL()) * roots.asDiagonal();
  return ldlt.transpositionsP().transpose() * lower;
}

VectorXd symmetric_eigenvalues(const MatrixXd& s) {
  const SymmetricSolver solver(s, Eigen::EigenvaluesOnly);
  check(solver);
  return solver.eigenvalues();
}

VectorXd singular_values(const MatrixXd& matrix) {
  return Eigen::BDCSVD<MatrixXd>(matrix).singularValues();
}

}  // namespace gdm::metrics
